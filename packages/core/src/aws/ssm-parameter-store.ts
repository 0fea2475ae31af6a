/**
 * Parameters in SSM Parameter Store. Every call asks AWS, and an account has 40 calls a second by default: who reads
 * often keeps what was read.
 */

import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';
import type { ParameterStore } from '../ports/parameter-store.ts';
import { calling } from './aws-errors.ts';

/**
 * Needs the permission `ssm:GetParameter`, and `kms:Decrypt` for a SecureString.
 *
 * `get` throws StoreUnavailableError, AwsAccessError and AwsResourceError, each naming action and parameter.
 */
export function createSsmParameterStore(client: Pick<SSMClient, 'send'>): ParameterStore {
  return {
    get: (name) =>
      calling({ action: 'ssm:GetParameter', resource: `parameter ${name}` }, async () => {
        try {
          const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
          return Parameter?.Value;
        } catch (error) {
          if (error instanceof ParameterNotFound) return undefined;
          throw error;
        }
      }),
  };
}

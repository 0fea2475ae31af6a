/**
 * `SecretStore` in SSM Parameter Store: each secret a SecureString of the standard tier, under a prefix. Every call asks
 * AWS, and an account has 40 calls a second by default: who reads often keeps what was read.
 *
 * Needs the permissions `ssm:GetParameter` and `ssm:PutParameter`, with `kms:Decrypt` and `kms:Encrypt` when the key is
 * not AWS's own.
 */

import { ParameterAlreadyExists, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { encodeSecretName } from '../domain/secret-name.ts';
import { StoreUnavailableError } from '../errors.ts';
import { assertSecretName, assertSecretText, type SecretStore } from '../ports/secret-store.ts';
import { calling } from './aws-errors.ts';
import { createSsmParameterStore } from './ssm-parameter-store.ts';

export interface SsmSecretStoreOptions {
  readonly client: Pick<SSMClient, 'send'>;
  /** Of all names, such as `/millrace/dev/secrets`. */
  readonly prefix: string;
}

/** Calls throw StoreUnavailableError, AwsAccessError and AwsResourceError too, each naming action and parameter. */
export function createSsmSecretStore({ client, prefix }: SsmSecretStoreOptions): SecretStore {
  const parameters = createSsmParameterStore(client);
  const parameterOf = (name: string): string => {
    assertSecretName(name);
    return `${prefix}/${encodeSecretName(name)}`;
  };

  /** @returns whether it was written; false only without `Overwrite`, when there is one */
  const write = (Name: string, Value: string, Overwrite: boolean): Promise<boolean> =>
    calling({ action: 'ssm:PutParameter', resource: `parameter ${Name}` }, async () => {
      try {
        await client.send(new PutParameterCommand({ Name, Value, Overwrite, Type: 'SecureString' }));
        return true;
      } catch (error) {
        if (error instanceof ParameterAlreadyExists) return false;
        throw error;
      }
    });

  return {
    async get(name) {
      return await parameters.get(parameterOf(name));
    },

    async create(name, text) {
      assertSecretText(text);
      const parameter = parameterOf(name);
      if (await write(parameter, text, false)) return text;
      // The one that is there may be of an earlier try of this call.
      const present = await parameters.get(parameter);
      if (present === undefined) throw new StoreUnavailableError(`parameter ${parameter} is there and not there yet`);
      return present;
    },

    async replace(name, text) {
      assertSecretText(text);
      await write(parameterOf(name), text, true);
    },
  };
}

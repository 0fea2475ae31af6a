/**
 * `SecretStore` in AWS Secrets Manager: each secret one of its own, under a prefix.
 *
 * Needs the permissions `secretsmanager:GetSecretValue`, `secretsmanager:CreateSecret` and
 * `secretsmanager:PutSecretValue`, with `kms:Decrypt` and `kms:GenerateDataKey` when the key is not AWS's own.
 */

import {
  CreateSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { encodeSecretName } from '../domain/secret-name.ts';
import { StoreUnavailableError } from '../errors.ts';
import { assertSecretName, assertSecretText, type SecretStore, SecretUnusableError } from '../ports/secret-store.ts';
import { calling } from './aws-errors.ts';

export interface SecretsManagerSecretStoreOptions {
  readonly client: Pick<SecretsManagerClient, 'send'>;
  /** Of all names, such as `/millrace/dev/secrets`. */
  readonly prefix: string;
}

interface Place {
  /** Of the port. */
  readonly name: string;
  /** Of Secrets Manager. */
  readonly id: string;
}

/** Calls throw StoreUnavailableError and AwsAccessError too, each naming action and secret. */
export function createSecretsManagerSecretStore({ client, prefix }: SecretsManagerSecretStoreOptions): SecretStore {
  const placeOf = (name: string): Place => {
    assertSecretName(name);
    return { name, id: `${prefix}/${encodeSecretName(name)}` };
  };

  const asking = <T>(action: string, { name, id }: Place, request: () => Promise<T>): Promise<T> =>
    calling({ action: `secretsmanager:${action}`, resource: `secret ${id}` }, async () => {
      try {
        return await request();
      } catch (error) {
        const isForDeletion = error instanceof InvalidRequestException;
        if (isForDeletion) throw new SecretUnusableError(name, `${id}: ${error.message}`, { cause: error });
        throw error;
      }
    });

  const read = (place: Place): Promise<string | undefined> =>
    asking('GetSecretValue', place, async () => {
      try {
        return (await client.send(new GetSecretValueCommand({ SecretId: place.id }))).SecretString;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    });

  /** @returns false when there is one */
  const add = (place: Place, SecretString: string): Promise<boolean> =>
    asking('CreateSecret', place, async () => {
      try {
        await client.send(new CreateSecretCommand({ Name: place.id, SecretString }));
        return true;
      } catch (error) {
        if (error instanceof ResourceExistsException) return false;
        throw error;
      }
    });

  /** @returns false when there is none */
  const change = (place: Place, SecretString: string): Promise<boolean> =>
    asking('PutSecretValue', place, async () => {
      try {
        await client.send(new PutSecretValueCommand({ SecretId: place.id, SecretString }));
        return true;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return false;
        throw error;
      }
    });

  const unsettled = ({ id }: Place) => new StoreUnavailableError(`secret ${id} is there and not there yet`);

  return {
    async get(name) {
      return await read(placeOf(name));
    },

    async create(name, text) {
      assertSecretText(text);
      const place = placeOf(name);
      if (await add(place, text)) return text;
      // The one that is there may be of an earlier try of this call.
      const present = await read(place);
      if (present === undefined) throw unsettled(place);
      return present;
    },

    async replace(name, text) {
      assertSecretText(text);
      const place = placeOf(name);
      const isReplaced = (await change(place, text)) || (await add(place, text)) || (await change(place, text));
      if (!isReplaced) throw unsettled(place);
    },
  };
}

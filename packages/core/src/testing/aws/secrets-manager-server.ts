/** Secrets Manager in memory: secrets as text, each with its current version. */

import { randomUUID } from 'node:crypto';
import { text } from './json-input.ts';
import { dispatch, type Json, type JsonService, ServiceError } from './service.ts';

export const SECRETS_MANAGER_LACKS: readonly string[] = [
  'secretsmanager versions before the current one, staging labels, rotation, replicas and tags',
  'secretsmanager secrets as bytes',
];

export interface SecretsManagerServerOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly region: string;
  readonly accountId: string;
}

interface Secret {
  readonly Name: string;
  readonly ARN: string;
  readonly VersionId: string;
  readonly SecretString: string;
  /** Epoch seconds, as the protocol wants them. */
  readonly CreatedDate: number;
  readonly isForDeletion: boolean;
}

const NAME = /^[\w/+=.@-]{1,512}$/;
const MAX_TEXT_BYTES = 65_536;

function anError(code: string, message: string): ServiceError {
  return new ServiceError(`com.amazonaws.secretsmanager#${code}`, message);
}

export function createSecretsManagerServer(options: SecretsManagerServerOptions): JsonService {
  const { clock, region, accountId } = options;
  const secrets = new Map<string, Secret>();

  function find(input: Json): Secret {
    const id = required(input, 'SecretId');
    const secret = secrets.get(id) ?? [...secrets.values()].find(({ ARN }) => ARN === id);
    if (secret === undefined)
      throw anError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  }

  function findUsable(input: Json): Secret {
    const secret = find(input);
    if (!secret.isForDeletion) return secret;
    throw anError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }

  /** A call with the token of one that took effect is that call, come again. */
  function create(input: Json): Json {
    const name = required(input, 'Name');
    if (!NAME.test(name)) throw anError('InvalidParameterException', 'Invalid name.');
    const SecretString = secretText(input);
    const existing = secrets.get(name);
    if (existing?.isForDeletion === true)
      throw anError(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    const VersionId = text(input, 'ClientRequestToken') ?? randomUUID();
    const isRepeat = existing?.VersionId === VersionId && existing.SecretString === SecretString;
    if (existing !== undefined && !isRepeat)
      throw anError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
    const ARN = `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${randomUUID().slice(0, 6)}`;
    const created = { Name: name, ARN, VersionId, SecretString, CreatedDate: clock() / 1_000, isForDeletion: false };
    const secret = existing ?? created;
    secrets.set(name, secret);
    return { ARN: secret.ARN, Name: name, VersionId: secret.VersionId };
  }

  function put(input: Json): Json {
    const { ARN, Name, ...secret } = findUsable(input);
    const SecretString = secretText(input);
    const VersionId = text(input, 'ClientRequestToken') ?? randomUUID();
    secrets.set(Name, { ...secret, ARN, Name, VersionId, SecretString, CreatedDate: clock() / 1_000 });
    return { ARN, Name, VersionId, VersionStages: ['AWSCURRENT'] };
  }

  const actions: Readonly<Record<string, (input: Json) => Json>> = {
    CreateSecret: create,
    PutSecretValue: put,
    GetSecretValue(input) {
      const { isForDeletion, ...shown } = findUsable(input);
      return { ...shown, VersionStages: ['AWSCURRENT'] };
    },
    DeleteSecret(input) {
      const secret = findUsable(input);
      secrets.set(secret.Name, { ...secret, isForDeletion: true });
      return { ARN: secret.ARN, Name: secret.Name, DeletionDate: clock() / 1_000 };
    },
  };

  return { call: dispatch(actions) };
}

function required(input: Json, name: string): string {
  const value = text(input, name) ?? '';
  if (value !== '') return value;
  throw anError('InvalidParameterException', `You must provide a value for ${name}.`);
}

function secretText(input: Json): string {
  const value = required(input, 'SecretString');
  if (Buffer.byteLength(value) <= MAX_TEXT_BYTES) return value;
  throw anError('InvalidParameterException', `A secret has at most ${MAX_TEXT_BYTES} bytes.`);
}

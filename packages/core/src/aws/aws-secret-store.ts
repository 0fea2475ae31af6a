/** Where a deployed system keeps its secrets. */

import { ConfigError } from '../errors.ts';
import type { Environment } from '../load-parts.ts';
import type { SecretStore } from '../ports/secret-store.ts';
import { type AwsClients, whenNeeded } from './aws-clients.ts';
import { createSecretsManagerSecretStore } from './secrets-manager-secret-store.ts';
import { createSsmSecretStore } from './ssm-secret-store.ts';

const BACKENDS = ['ssm', 'secrets-manager'] as const;

export interface SecretsConfig {
  readonly backend: (typeof BACKENDS)[number];
  /** Of all names, with a slash before it and none behind it. */
  readonly prefix: string;
}

/** Names of parameters have 15 levels and 1,011 characters with their ARN, those of secrets 512 in all. */
const PREFIX = /^(?:\/[A-Za-z0-9_.-]+){1,10}$/;
const PREFIX_LENGTH = 200;
const PREFIX_EXPECTED = `names of at most ${PREFIX_LENGTH} characters, such as /millrace/dev/secrets`;

/**
 * Reads the settings from environment variables; one that is empty counts as not set.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadSecretsConfig(env: Environment): SecretsConfig {
  const problems: string[] = [];
  const name = env['MILLRACE_SECRETS_BACKEND'] || 'ssm';
  const backend = BACKENDS.find((known) => known === name);
  if (backend === undefined)
    problems.push(`MILLRACE_SECRETS_BACKEND must be one of ${BACKENDS.join(', ')}, not "${name}"`);
  const prefix = env['MILLRACE_SECRETS_PREFIX'] || '';
  const isReserved = /^\/(?:aws|ssm)/i.test(prefix);
  if (prefix === '') problems.push(`MILLRACE_SECRETS_PREFIX is not set; expected ${PREFIX_EXPECTED}`);
  else if (!PREFIX.test(prefix) || prefix.length > PREFIX_LENGTH || isReserved)
    problems.push(`MILLRACE_SECRETS_PREFIX is "${prefix}"; expected ${PREFIX_EXPECTED}`);
  if (backend === undefined || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ backend, prefix });
}

/** The secret store of a deployed system. Makes no call, and no client before the first: most requests need none. */
export function createAwsSecretStore(
  config: SecretsConfig,
  clients: Pick<AwsClients, 'ssm' | 'secretsManager'>,
): SecretStore {
  const store = whenNeeded(() => openStore(config, clients));
  return {
    get: (...call) => store().get(...call),
    create: (...call) => store().create(...call),
    replace: (...call) => store().replace(...call),
  };
}

function openStore(
  { backend, prefix }: SecretsConfig,
  clients: Pick<AwsClients, 'ssm' | 'secretsManager'>,
): SecretStore {
  switch (backend) {
    case 'ssm':
      return createSsmSecretStore({ client: clients.ssm, prefix });
    case 'secrets-manager':
      return createSecretsManagerSecretStore({ client: clients.secretsManager, prefix });
  }
}

import { DeleteSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, type SecretStore, SecretUnusableError, StoreUnavailableError } from '@millrace/core';
import { AwsAccessError, type AwsClients, createAwsSecretStore, loadSecretsConfig } from '@millrace/core/aws';
import { createMemorySecretStore, describeSecretStore } from '@millrace/core/testing';
import { type Fault, type LocalAws, startLocalAws } from '@millrace/core/testing/aws';
import { createLocalClients } from './support/aws-harness.ts';
import { openAwsSecretHarness } from './support/secret-store-harness.ts';

const BACKENDS = ['ssm', 'secrets-manager'] as const;
const PREFIX = '/millrace/test/secrets';

let aws: LocalAws;
let clients: AwsClients;
beforeAll(async () => {
  aws = await startLocalAws();
  clients = createLocalClients(aws);
});
afterEach(() => aws.reset());
afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await aws.close();
});

for (const backend of BACKENDS) {
  describeSecretStore(`${backend} of the local AWS`, () => Promise.resolve(openAwsSecretHarness(clients, backend)));
}

describeSecretStore('The store in memory, for tests,', () => {
  const store = createMemorySecretStore();
  return Promise.resolve({ store, restart: () => Promise.resolve(), close: () => Promise.resolve() });
});

const open = (backend: (typeof BACKENDS)[number]): SecretStore =>
  createAwsSecretStore({ backend, prefix: PREFIX }, clients);

/** The first call of a backend when a secret is created, and its parts in errors. */
const CREATE = {
  ssm: { service: 'ssm', action: 'PutParameter', said: 'ssm:PutParameter on parameter' },
  'secrets-manager': {
    service: 'secretsmanager',
    action: 'CreateSecret',
    said: 'secretsmanager:CreateSecret on secret',
  },
} as const;

describe('a secret', () => {
  test('is an encrypted parameter in SSM, under the prefix', async () => {
    await open('ssm').create('signing-Acme', 'hush');
    const name = `${PREFIX}/signing-.41cme`;
    const { Parameter } = await clients.ssm.send(new GetParameterCommand({ Name: name }));
    expect(Parameter).toMatchObject({ Type: 'SecureString', Value: expect.not.stringContaining('hush') });
  });

  test('is one of its own in Secrets Manager, under the prefix', async () => {
    await open('secrets-manager').create('signing-Acme', 'hush');
    const SecretId = `${PREFIX}/signing-.41cme`;
    expect(await clients.secretsManager.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
      SecretString: 'hush',
    });
  });

  test('that is marked for deletion in Secrets Manager is not made anew, and the error says so', async () => {
    const store = open('secrets-manager');
    await store.create('signing-a', 'hush');
    await clients.secretsManager.send(new DeleteSecretCommand({ SecretId: `${PREFIX}/signing-a` }));
    for (const call of [store.get('signing-a'), store.create('signing-a', 'x'), store.replace('signing-a', 'x')]) {
      await expect(call).rejects.toThrow(SecretUnusableError);
      await expect(call).rejects.toThrow(/^the secret signing-a cannot be used: .* deletion/);
    }
  });
});

describe.each(BACKENDS)('with %s', (backend) => {
  const { service, action, said } = CREATE[backend];
  const gets = backend === 'ssm' ? 'GetParameter' : 'GetSecretValue';

  test.each<[string, Fault]>([
    ['is throttled', { kind: 'throttle' }],
    ['fails', { kind: 'error', code: 'InternalServerError', status: 500 }],
    ['is cut off before its effect', { kind: 'cut-before' }],
    ['is cut off after its effect', { kind: 'cut-after' }],
  ])('a call that %s is tried again, and its creator is given its own text', async (_what, fault) => {
    aws.fault({ service, action, number: 1, fault });
    expect(await open(backend).create('signing-a', 'mine')).toBe('mine');
    expect(await open(backend).create('signing-a', 'other')).toBe('mine');
  });

  test.each<[string, Fault]>([
    ['throttled', { kind: 'throttle' }],
    ['cut off', { kind: 'cut-before' }],
  ])('a call that is %s again and again is unavailable, and safe to repeat', async (_what, fault) => {
    const store = open(backend);
    aws.fault({ service, action, fault });
    const creating = store.create('signing-a', 'hush');
    await expect(creating).rejects.toThrow(StoreUnavailableError);
    await expect(creating).rejects.toThrow(`${said} ${PREFIX}/signing-a`);
    await expect(creating).rejects.not.toThrow('hush');
    aws.clearFaults();
    expect(await store.create('signing-a', 'hush')).toBe('hush');
  });

  test('a call that is not allowed is named with what it was for', async () => {
    const store = open(backend);
    aws.fault({ service, fault: { kind: 'error', code: 'AccessDeniedException' } });
    for (const call of [
      store.get('signing-a'),
      store.create('signing-a', 'hush'),
      store.replace('signing-a', 'hush'),
    ]) {
      await expect(call).rejects.toThrow(AwsAccessError);
      await expect(call).rejects.toThrow(`${PREFIX}/signing-a: AccessDeniedException`);
      await expect(call).rejects.not.toThrow('hush');
    }
  });

  test('a secret that another created, and that cannot be seen yet, is unavailable', async () => {
    const store = open(backend);
    await store.create('signing-a', 'text');
    const code = backend === 'ssm' ? 'ParameterNotFound' : 'ResourceNotFoundException';
    aws.fault({ service, action: gets, fault: { kind: 'error', code } });
    await expect(store.create('signing-a', 'text')).rejects.toThrow(StoreUnavailableError);
  });
});

describe('the settings of secrets', () => {
  test('say where they are kept', () => {
    expect(loadSecretsConfig({ MILLRACE_SECRETS_PREFIX: '/millrace/dev/secrets' })).toEqual({
      backend: 'ssm',
      prefix: '/millrace/dev/secrets',
    });
    const env = { MILLRACE_SECRETS_BACKEND: 'secrets-manager', MILLRACE_SECRETS_PREFIX: '/m' };
    expect(loadSecretsConfig(env)).toEqual({ backend: 'secrets-manager', prefix: '/m' });
  });

  test('that cannot be used are all named at once', () => {
    const expected = 'expected names of at most 200 characters, such as /millrace/dev/secrets';
    expect(() => loadSecretsConfig({ MILLRACE_SECRETS_BACKEND: 'vault' })).toThrow(
      new ConfigError([
        'MILLRACE_SECRETS_BACKEND must be one of ssm, secrets-manager, not "vault"',
        `MILLRACE_SECRETS_PREFIX is not set; ${expected}`,
      ]),
    );
    const wrong = ['millrace', '/', '/a/', '//a', '/a b', '/aws/a', '/ssm', '/a'.repeat(11), `/${'a'.repeat(200)}`];
    for (const prefix of wrong) {
      expect(() => loadSecretsConfig({ MILLRACE_SECRETS_PREFIX: prefix })).toThrow(
        new ConfigError([`MILLRACE_SECRETS_PREFIX is "${prefix}"; ${expected}`]),
      );
    }
  });
});

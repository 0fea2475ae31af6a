/** What a command says when AWS does not let it in, and what it does before it gives up. */

import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LocalAws, startLocalAws } from '@millrace/core/testing/aws';
import { NO_KEYS, SECRETS, useAwsEnvironment } from './support/aws-environment.ts';
import { closedPortUrl } from './support/load-server.ts';
import { messageView } from './support/messages.ts';
import { type CliOptions, runCli } from './support/run-cli.ts';
import { ok, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';
import { type SignedApi, type SignedApiOptions, startSignedApi } from './support/signed-api.ts';

const START = Date.UTC(2026, 10, 22, 10);
const MINUTE_MS = 60_000;
const STATS = { accepted: 0, succeeded: 0, failed: 0, waiting: 0, difference: 0 };

const change = useAwsEnvironment();
let aws: LocalAws;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  aws ??= await startLocalAws();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  aws.reset();
});
afterAll(() => aws.close());

async function putParameter(Name: string, Value: string): Promise<void> {
  await aws.call({ service: 'ssm', action: 'PutParameter' }, { Name, Value, Type: 'String' });
}

/** An API that is deployed as dev and answers as told; by default with the accounting. */
async function deploy(options: Partial<SignedApiOptions> = {}): Promise<SignedApi> {
  const api = await startSignedApi({
    ...{ service: 'execute-api', region: 'eu-central-1', now: () => START, secretOf: (id) => SECRETS.get(id) },
    fetch: () => Response.json(STATS),
    ...options,
  });
  open.push(api);
  await putParameter('/millrace/dev/api-url', api.url);
  return api;
}

/** In place of all services of AWS. */
async function scriptAws(...script: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> {
  const server = await startScriptedServer(...script);
  open.push(server);
  return server;
}

function stats(args: readonly string[] = [], options: CliOptions = {}) {
  return runCli(['stats', '--aws', '--env', 'dev', '--endpoint', aws.config.endpoint, ...args], options);
}

/** One line on standard error, nothing on standard output. */
function failure(code: number, line: unknown) {
  return { code, stdout: '', stderr: line, sleeps: [] };
}

describe('wrong usage', () => {
  test.each([
    [['--aws', '--env', 'dev', '--url', 'http://127.0.0.1:9'], '--url cannot be used with --aws'],
    [['--aws'], '--aws needs --env, or MILLRACE_ENV'],
    [['--aws', '--env', 'a/b'], "--env must be 1 to 64 letters, digits, '.', '_' or '-'; got 'a/b'"],
    [['--aws', '--env', 'dev', '--project', ''], '--project must be 1 to 64'],
    [['--aws', '--env', 'dev', '--endpoint', 'localhost:4566'], '--endpoint must be an http or https URL'],
    [['--env', 'dev'], '--env needs --aws'],
    [['--project', 'p'], '--project needs --aws'],
    [['--region', 'r'], '--region needs --aws'],
    [['--profile', 'p'], '--profile needs --aws'],
    [['--endpoint', 'http://127.0.0.1:9'], '--endpoint needs --aws'],
  ])('%j is said in one line', async (args, message) => {
    const { code, stdout, stderr } = await runCli(['stats', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([expect.stringContaining(`millrace: ${message}`), '']);
  });

  test('load --raw has no address on AWS, and load --env needs --aws', async () => {
    expect(await runCli(['load', '--raw', '--aws', '--env', 'dev'])).toEqual(
      failure(2, 'millrace: --raw cannot be used with --aws\n'),
    );
    expect(await runCli(['load', '--to', 'http://127.0.0.1:9', '--env', 'dev'])).toEqual(
      failure(2, 'millrace: --env needs --aws\n'),
    );
  });
});

describe('the configuration of AWS', () => {
  test('without a region names the flag and the setting', async () => {
    change({ AWS_REGION: undefined });
    const expected = failure(2, 'millrace: no region of AWS is set: give --region, or set AWS_REGION\n');
    expect(await stats()).toEqual(expected);
  });

  test('without credentials says how to get some', async () => {
    change(NO_KEYS);
    expect(await stats()).toEqual(
      failure(2, expect.stringMatching(/^millrace: no credentials of AWS \(.+\): sign in, .*\n$/)),
    );
    expect(await stats(['--profile', 'nope'])).toEqual(
      failure(2, expect.stringMatching(/^millrace: no credentials of AWS for profile nope \(.+\): .*\n$/)),
    );
  });
});

describe('a parameter', () => {
  test('that is not there is told with region and account', async () => {
    const sts =
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
    const server = await scriptAws(({ headers }) =>
      headers['x-amz-target'] === undefined
        ? { status: 200, text: sts, headers: { 'content-type': 'text/xml' } }
        : {
            status: 400,
            json: { __type: 'ParameterNotFound' },
            headers: { 'content-type': 'application/x-amz-json-1.1' },
          },
    );
    const line =
      'millrace: there is no parameter /millrace/dev/api-url: is env dev deployed here? (region eu-west-1, account 123456789012)\n';
    expect(await stats(['--region', 'eu-west-1', '--endpoint', server.url])).toEqual(failure(1, line));
  });

  test('that is not there is told without an account when AWS does not say which', async () => {
    expect(await stats()).toEqual(
      failure(1, expect.stringMatching(/is env dev deployed here\? \(region eu-central-1\)\n$/)),
    );
  });

  test('that holds no address is named', async () => {
    await putParameter('/millrace/dev/api-url', 'ftp://x');
    const line = "millrace: parameter /millrace/dev/api-url holds no address of an API: 'ftp://x'\n";
    expect(await stats()).toEqual(failure(1, line));
  });

  test.each([
    [
      'ExpiredTokenException',
      /^millrace: the credentials of AWS have expired \(ExpiredTokenException: .*\): sign in again/,
    ],
    [
      'AccessDeniedException',
      /^millrace: not allowed: ssm:GetParameter on parameter \/millrace\/dev\/api-url, region eu-central-1 at /,
    ],
    ['UnrecognizedClientException', /^millrace: AWS does not know these credentials \(UnrecognizedClientException: /],
    ['InvalidSignatureException', /^millrace: AWS refuses the signature \(InvalidSignatureException: .*the clock\?$/],
    ['ValidationException', /^millrace: ssm:GetParameter on parameter .* failed: ValidationException: /],
  ])('that cannot be read because of %s is told in one line', async (code, line) => {
    await deploy();
    aws.fault({ service: 'ssm', fault: { kind: 'error', code } });
    const { stderr, ...rest } = await stats();
    expect(rest).toEqual({ code: 1, stdout: '', sleeps: [] });
    expect(stderr.split('\n')).toEqual([expect.stringMatching(line), '']);
  });

  test('that nobody answers for is told with the address', async () => {
    const endpoint = await closedPortUrl();
    const line = `millrace: ssm:GetParameter on parameter /millrace/dev/api-url, region eu-central-1 at ${endpoint}, failed: `;
    expect(await stats(['--endpoint', endpoint])).toEqual(failure(1, expect.stringContaining(line)));
  }, 30_000);
});

describe('the door of the API', () => {
  test('that is signed for as another service says what was signed', async () => {
    const { url } = await deploy({ service: 'lambda' });
    const line = `millrace: not allowed to call ${url} (Credential should be scoped to correct service: 'lambda'.): it needs execute-api:Invoke there, signed for execute-api in eu-central-1\n`;
    expect(await stats()).toEqual(failure(1, line));
  });

  test('of another region is signed for by --region', async () => {
    await deploy({ region: 'us-east-2' });
    expect(await stats()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('signed for execute-api in eu-central-1'),
    });
    expect(await stats(['--region', 'us-east-2'])).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    [7, 'the clock of this machine is 7 minutes behind that of AWS; set it'],
    [-90, 'the clock of this machine is 90 minutes ahead of that of AWS; set it'],
  ])('whose clock is %d minutes off tells so', async (minutes, words) => {
    await deploy({ now: () => START + minutes * MINUTE_MS });
    expect(await stats()).toEqual(failure(1, `millrace: AWS refuses the signature: ${words}\n`));
  });

  test.each([
    [
      { message: 'The security token included in the request is expired' },
      /^millrace: the credentials of AWS have expired/,
    ],
    [{ Message: 'Forbidden. For troubleshooting, see: x' }, /^millrace: not allowed to call .*\(Forbidden\. For/],
  ])('that answers %j is understood', async (json, line) => {
    await deploy({ script: () => ({ status: 403, json }) });
    expect(await stats()).toEqual(failure(1, expect.stringMatching(line)));
  });

  test('does not hide what the API itself refuses', async () => {
    const problem = { type: 'forbidden', title: 'Not yours', detail: 'x is not among the callers of this API' };
    await deploy({ script: () => ({ status: 403, json: problem }) });
    expect(await stats()).toEqual(failure(1, 'millrace: x is not among the callers of this API (HTTP 403)\n'));
  });

  test('that refuses a message leaves no doubt whether it was stored', async () => {
    await deploy({ script: () => ({ status: 403, json: { message: 'Forbidden' } }) });
    const args = ['send', '--to', 'http://127.0.0.1:9', '--sender', 's', '--aws', '--env', 'dev'];
    const { code, stderr } = await runCli([...args, '--endpoint', aws.config.endpoint]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.not.stringContaining('it may have been stored') });
  });

  test('says by itself why it cannot answer now', async () => {
    await deploy({ script: () => ({ status: 503, json: { message: 'Service Unavailable' } }) });
    expect(await stats()).toEqual(failure(1, 'millrace: Service Unavailable (HTTP 503)\n'));
  });

  test('that is not there, or another program, is told with the parameter', async () => {
    const url = await closedPortUrl();
    await putParameter('/millrace/dev/api-url', url);
    const where = 'that is where parameter /millrace/dev/api-url says that env dev is';
    expect(await stats()).toEqual(failure(1, `millrace: cannot reach ${url}: connection refused; ${where}\n`));
    const load = ['load', '--aws', '--env', 'dev', '--endpoint', aws.config.endpoint, '--to', url, '--count', '3'];
    expect(await runCli(load)).toMatchObject({
      code: 1,
      stderr: `millrace: nothing answers at ${url} (ECONNREFUSED): ${where}\n`,
    });
    const other = await startSignedApi({
      ...{ service: 'execute-api', region: 'eu-central-1', now: () => START, secretOf: (id) => SECRETS.get(id) },
      fetch: () => new Response('<html>'),
    });
    open.push(other);
    await aws.call(
      { service: 'ssm', action: 'PutParameter' },
      { Name: '/millrace/dev/api-url', Value: other.url, Overwrite: true },
    );
    expect(await stats()).toEqual(
      failure(1, expect.stringMatching(/is parameter \/millrace\/dev\/api-url right\?\n$/)),
    );
  });
});

describe('a request that is repeated', () => {
  test('carries a new signature, good at its own time', async () => {
    let now = START;
    const api = await deploy({
      now: () => now,
      script: (_request, number) =>
        number === 0 ? { status: 503, json: { title: 'Later' }, headers: { 'retry-after': '600' } } : undefined,
      fetch: () => Response.json({ messageId: 'm', senderId: 's', status: 'QUEUED', duplicate: false }),
    });
    const args = [
      'send',
      '--to',
      'http://127.0.0.1:9',
      '--sender',
      's',
      '--retry-for',
      '3600',
      '--aws',
      '--env',
      'dev',
    ];
    const { code, sleeps } = await runCli([...args, '--endpoint', aws.config.endpoint], {
      onSleep: (ms) => {
        now += ms;
      },
    });
    expect({ code, sleeps, refusals: api.refusals }).toEqual({ code: 0, sleeps: [600_000], refusals: [] });
    expect(api.letIn.map(({ headers }) => headers['x-amz-date'])).toEqual(['20261122T100000Z', '20261122T101000Z']);
  });

  test('is signed with the credentials of its time', async () => {
    change(NO_KEYS);
    let asked = 0;
    const credentials = await scriptAws(() => {
      asked += 1;
      // So near its end that it must be asked for again.
      const Expiration = new Date(Date.now() + MINUTE_MS).toISOString();
      return ok({ AccessKeyId: `KEY${asked}`, SecretAccessKey: 'secret', Token: `token${asked}`, Expiration });
    });
    change({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${credentials.url}/role` });
    const view = messageView({ status: 'RETRYING' });
    const api = await deploy({
      secretOf: (id) => ({ secretAccessKey: 'secret', sessionToken: id.replace('KEY', 'token') }),
      script: (_request, number) => ok({ messages: [number === 0 ? view : messageView()] }),
    });
    const { code } = await runCli([
      'status',
      'm',
      '--watch',
      '--aws',
      '--env',
      'dev',
      '--endpoint',
      aws.config.endpoint,
    ]);
    expect({ code, refusals: api.refusals }).toEqual({ code: 0, refusals: [] });
    const [first, second] = api.letIn.map(({ accessKeyId }) => Number(accessKeyId.slice('KEY'.length)));
    expect(second).toBeGreaterThan(first ?? Infinity);
  });
});

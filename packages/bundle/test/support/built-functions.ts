/** The built functions, started by the official runtime client on the local AWS. For the tests of one file. */

import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { type AwsClients, createAwsClients } from '@millrace/core/aws';
import {
  createEventSourceMapping,
  createMessageResources,
  type LocalAws,
  type MessageResources,
  type PollResult,
  startLocalAws,
} from '@millrace/core/testing/aws';
import type { SQSEvent } from 'aws-lambda';
import { BILLING_ROLE } from '../../../ingest-api/test/support/events.ts';
import { FUNCTIONS, HANDLER_EXPORT, LAYERS } from '../../src/artefacts.ts';
import { packageAll } from '../../src/package-all.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { type FunctionRoot, unpackFunction } from './function-root.ts';
import { RUNTIME_CLIENT_LIMIT_MS, runtimeClient } from './runtime-client.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const CALLERS_PARAMETER = '/dev/callers';

export interface BuiltFunctions {
  readonly aws: LocalAws;
  /** Empty at the start of every test. */
  readonly resources: MessageResources;
  /** Starts a handler of a function; it is stopped after the test. @param environment in place of the settings */
  start(name: string, entry: string, environment?: Readonly<Record<string, string>>): Promise<FunctionProcess>;
  /** What Lambda tells a function of its account, and where this one is. */
  awsEnvironment(): Record<string, string>;
  /** Is called after the test. */
  onEnd(close: () => Promise<unknown>): void;
}

/** Builds everything once, and gives every test empty resources. */
export function useBuiltFunctions(): () => BuiltFunctions {
  let aws: LocalAws | undefined;
  let clients: AwsClients | undefined;
  let current: BuiltFunctions | undefined;
  let client = '';
  const roots = new Map<string, FunctionRoot>();
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    client = await runtimeClient(process.env);
    const built = await packageAll(ROOT, { functions: FUNCTIONS, layers: LAYERS });
    for (const spec of FUNCTIONS) roots.set(spec.name, unpackFunction(built, spec));
    aws = await startLocalAws();
    clients = createAwsClients(aws.config);
  }, RUNTIME_CLIENT_LIMIT_MS);

  afterAll(async () => {
    for (const one of Object.values(clients ?? {})) one.destroy();
    await aws?.close();
    for (const root of roots.values()) root.remove();
  });

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    aws?.reset();
    current = undefined;
  });

  async function open(local: LocalAws, own: AwsClients): Promise<BuiltFunctions> {
    const resources = await createMessageResources(own, { prefix: 'test' });
    await local.call(
      { service: 'ssm', action: 'PutParameter' },
      { Name: CALLERS_PARAMETER, Value: JSON.stringify({ [BILLING_ROLE]: ['billing'] }), Type: 'SecureString' },
    );
    const awsEnvironment = () => environmentOf(local);
    const settings = { ...awsEnvironment(), ...settingsOf(resources) };
    return {
      aws: local,
      resources,
      awsEnvironment,
      async start(name, entry, environment = settings) {
        const root = roots.get(name);
        if (root === undefined) throw new Error(`there is no function ${name}`);
        const started = await startFunction({ root, client, handler: `${entry}.${HANDLER_EXPORT}`, environment });
        closers.push(() => started.stop());
        return started;
      },
      onEnd: (close) => closers.push(close),
    };
  }

  beforeEach(async () => {
    if (aws === undefined || clients === undefined) throw new Error('the local AWS did not start');
    current = await open(aws, clients);
  });

  return () => {
    if (current === undefined) throw new Error('the functions are there only while a test runs');
    return current;
  };
}

function environmentOf({ config: { endpoint, region, credentials } }: LocalAws): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: 'session',
    AWS_ENDPOINT_URL: endpoint,
  };
}

function settingsOf(resources: MessageResources): Record<string, string> {
  return {
    MILLRACE_TABLE: resources.tableName,
    MILLRACE_CIRCUITS_TABLE: resources.circuitsTableName,
    MILLRACE_BUCKET: resources.bucketName,
    MILLRACE_WORK_QUEUE_URLS: resources.workQueueUrls.join(','),
    MILLRACE_DEAD_LETTER_QUEUE_URL: resources.deadLetterQueueUrl,
    MILLRACE_CALLERS_PARAMETER: CALLERS_PARAMETER,
    MILLRACE_SECRETS_PREFIX: '/test/secrets',
    MILLRACE_ALLOW_HTTP: 'true',
    MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
    MILLRACE_LOG_LEVEL: 'debug',
  };
}

/** The answer of a function. @throws Error with the function's own when it failed */
export async function payloadOf(fn: FunctionProcess, event: unknown): Promise<unknown> {
  const invocation = await fn.invoke(event);
  if (invocation.kind === 'error') throw new Error(`${invocation.error.errorType}: ${invocation.error.errorMessage}`);
  return invocation.payload;
}

/** Lets Lambda hand the records that are in a queue now to a function. */
export async function poll(
  aws: LocalAws,
  fn: FunctionProcess,
  queueUrl: string,
): Promise<PollResult & { readonly answers: readonly unknown[] }> {
  const answers: unknown[] = [];
  const handler = async (event: SQSEvent) => {
    const answer = await payloadOf(fn, event);
    answers.push(answer);
    return answer;
  };
  const mapping = createEventSourceMapping({ aws, queueUrl, handler, clock: Date.now });
  return { ...(await mapping.poll()), answers };
}

type Line = Readonly<Record<string, unknown>>;

/** Each line of the log that a function wrote until now, when it is stopped: CloudWatch reads them as JSON. */
export async function logLines(fn: FunctionProcess): Promise<readonly Line[]> {
  return (await allLines(fn)).filter((line) => !('_aws' in line));
}

/** Each line of metrics that a function wrote until now, when it is stopped. */
export async function metricLines(fn: FunctionProcess): Promise<readonly Line[]> {
  return (await allLines(fn)).filter((line) => '_aws' in line);
}

async function allLines(fn: FunctionProcess): Promise<readonly Line[]> {
  await fn.stop();
  const lines = fn.output().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

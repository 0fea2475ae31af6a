/** Built zips and layers as functions of Lambda. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  GetEventSourceMappingCommand,
  type LambdaClient,
  PublishLayerVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { until } from './until.ts';

export interface FunctionOptions {
  readonly name: string;
  /** Of the file `<zip>.zip`. */
  readonly zip: string;
  readonly handler: string;
  readonly layerArns: readonly string[];
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
}

const RUNTIME = 'nodejs24.x';
const ACTIVE_SECONDS = 120;
const BATCH_SIZE = 10;
/** Nobody checks it. */
const ROLE = 'arn:aws:iam::000000000000:role/function';

/** @returns the ARN of its version */
export async function publishLayer(lambda: LambdaClient, dist: string, name: string): Promise<string> {
  const ZipFile = await readFile(join(dist, `${name}.zip`));
  const { LayerVersionArn = '' } = await lambda.send(
    new PublishLayerVersionCommand({ LayerName: name, Content: { ZipFile } }),
  );
  return LayerVersionArn;
}

/** Creates a function and waits until it can be invoked. */
export async function createFunction(lambda: LambdaClient, dist: string, options: FunctionOptions): Promise<void> {
  const { name, zip, handler, layerArns, timeoutSeconds, environment } = options;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: RUNTIME,
      Handler: handler,
      Role: ROLE,
      Code: { ZipFile: await readFile(join(dist, `${zip}.zip`)) },
      Layers: [...layerArns],
      Timeout: timeoutSeconds,
      MemorySize: 512,
      Environment: { Variables: { ...environment } },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: ACTIVE_SECONDS }, { FunctionName: name });
}

/** @returns a URL that needs no signature */
export async function createUrl(lambda: LambdaClient, name: string): Promise<string> {
  const { FunctionUrl = '' } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: 'NONE' }),
  );
  return FunctionUrl;
}

/** Puts a function behind a queue, and waits until records flow. */
export async function connect(lambda: LambdaClient, name: string, queueArn: string): Promise<void> {
  const { UUID = '' } = await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: name,
      EventSourceArn: queueArn,
      BatchSize: BATCH_SIZE,
      MaximumBatchingWindowInSeconds: 0,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
  );
  await until(`the queue of ${name} is connected`, async () => {
    const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
    return State === 'Enabled';
  });
}

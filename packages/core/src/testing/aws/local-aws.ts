/**
 * The services of AWS that Millrace uses, in one process, behind one endpoint on 127.0.0.1: DynamoDB, SQS, SSM, Secrets
 * Manager and S3, all in memory. Calls are counted, and faults strike any of them by the same rules.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CallStats, createCallLog } from './call-log.ts';
import { ConnectionCut, createPipeline } from './call-pipeline.ts';
import { createDirectHandler, type DirectHandler } from './direct-handler.ts';
import { createDynamodbServer, DYNAMODB_LACKS } from './dynamodb-server.ts';
import { type Caller, createFaults, type FaultHandle, type FaultRule } from './faults.ts';
import { answerTo, readTarget, type Target } from './json-http.ts';
import { S3_LACKS } from './s3-server/server.ts';
import { createS3Service, type S3Service } from './s3-service.ts';
import { createSecretsManagerServer, SECRETS_MANAGER_LACKS } from './secrets-manager-server.ts';
import type { Json, JsonService } from './service.ts';
import { createSqsServer, SQS_LACKS, type SqsServer } from './sqs-server/sqs-server.ts';
import { createSsmServer, SSM_LACKS } from './ssm-server.ts';

export interface LocalAwsOptions {
  /** The only time that the services know, epoch milliseconds. Default: the machine's. */
  readonly clock?: () => number;
}

export interface LocalAwsConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface DirectConfig extends LocalAwsConfig {
  readonly requestHandler: DirectHandler;
}

export interface LocalAws {
  /** For the clients of the SDK. */
  readonly config: LocalAwsConfig;
  /** The same without a connection, at half the time of a call; S3 keeps it. */
  readonly directConfig: DirectConfig;
  readonly accountId: string;
  /** What AWS has and this has not, each by name. */
  readonly lacks: readonly string[];
  /** To look into queues, and to make them hand out as they rarely do. */
  readonly sqs: SqsServer;
  /** By `service.action`, such as `sqs.SendMessageBatch`. */
  calls(): ReadonlyMap<string, CallStats>;
  clearCalls(): void;
  fault(rule: FaultRule): FaultHandle;
  clearFaults(): void;
  /** Makes a call without a connection, on the same way and into the same books. @throws ServiceError, ConnectionCut */
  call(target: Target, input: Json, caller?: Caller): Promise<Json>;
  /** Forgets all: queues, tables, objects, parameters, secrets, calls, faults. Clients stay good. */
  reset(): void;
  close(): Promise<void>;
}

const REGION = 'eu-central-1';
const ACCOUNT_ID = '000000000000';

interface Services {
  readonly sqs: SqsServer;
  readonly s3: S3Service;
  readonly json: Readonly<Record<'dynamodb' | 'secretsmanager' | 'sqs' | 'ssm', JsonService>>;
}

/** Starts all services; what is not called costs nothing. */
export async function startLocalAws({ clock = Date.now }: LocalAwsOptions = {}): Promise<LocalAws> {
  const faults = createFaults();
  const log = createCallLog();
  const perform = createPipeline({ faults, log });
  let endpoint = '';
  let services = open();
  const retired: Promise<void>[] = [];

  function open(): Services {
    const place = { clock, region: REGION, accountId: ACCOUNT_ID };
    const sqs = createSqsServer({ ...place, endpoint: () => endpoint });
    const dynamodb = createDynamodbServer({ meter: (action, units) => log.consumed('dynamodb', action, units) });
    const s3 = createS3Service({ clock, region: REGION, faults, log });
    const secretsmanager = createSecretsManagerServer(place);
    return { sqs, s3, json: { sqs, dynamodb, secretsmanager, ssm: createSsmServer(place) } };
  }

  async function call({ service, action }: Target, input: Json, caller: Caller = 'client'): Promise<Json> {
    if (service === 's3') throw new TypeError('S3 is called through its endpoint only');
    return await perform({ service, action, input, caller }, (effective) =>
      services.json[service].call(action, effective),
    );
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = readTarget(request.headers);
    if (target === undefined) return await services.s3.handle(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await answerTo(Buffer.concat(chunks).toString('utf8'), (input) => call(target, input));
    response.writeHead(answer.statusCode, answer.headers).end(answer.body);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof ConnectionCut || request.socket.destroyed) request.socket.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const config: LocalAwsConfig = { endpoint, region: REGION, credentials };

  return {
    config,
    directConfig: { ...config, requestHandler: createDirectHandler(call) },
    accountId: ACCOUNT_ID,
    lacks: [
      ...SQS_LACKS,
      ...DYNAMODB_LACKS,
      ...SSM_LACKS,
      ...SECRETS_MANAGER_LACKS,
      ...S3_LACKS.map((lack) => `s3 ${lack}`),
    ],
    get sqs() {
      return services.sqs;
    },
    calls: log.stats,
    clearCalls: log.clear,
    fault: faults.add,
    clearFaults: faults.clear,
    call,
    reset() {
      retired.push(services.s3.close());
      services = open();
      faults.clear();
      log.clear();
    },
    async close() {
      await Promise.all([...retired, services.s3.close()]);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

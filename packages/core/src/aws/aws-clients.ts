/**
 * The clients of AWS: one of each for a process, with connections that are kept and limits on how long a call takes.
 *
 * The SDK tries again after throttling, errors of the service and lost connections, as they come when a function was
 * frozen. That is safe for every call that Millrace makes but the ones through `dynamodbOnce`.
 */

import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

export interface AwsClients {
  readonly dynamodb: DynamoDBClient;
  /** Never tries again by itself. */
  readonly dynamodbOnce: DynamoDBClient;
  readonly sqs: SQSClient;
  /** Made when it is asked for, as are the others from here on: a copy of this object makes them all. */
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly secretsManager: SecretsManagerClient;
}

export interface AwsClientOptions {
  /** Default: the one of the environment. */
  readonly region?: string;
  /** An emulator. Default: AWS, or AWS_ENDPOINT_URL of the environment. */
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Tries of a call. */
  readonly maxAttempts?: number;
  /** In place of connections and of waits between tries, for tests. */
  readonly requestHandler?: NonNullable<DynamoDBClientConfig['requestHandler']>;
  readonly retryStrategy?: NonNullable<DynamoDBClientConfig['retryStrategy']>;
}

const MAX_ATTEMPTS = 4;
const CONNECTION_TIMEOUT_MS = 2_000;
/** Of a whole request without its retries. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A batch writes rows and objects side by side. */
const MAX_SOCKETS = 64;

export function createAwsClients(options: AwsClientOptions = {}): AwsClients {
  const shared = {
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
    ...options,
  };
  const ssm = whenNeeded(() => new SSMClient(shared));
  const secretsManager = whenNeeded(() => new SecretsManagerClient(shared));
  // An emulator knows no host names of buckets.
  const s3 = whenNeeded(() => new S3Client({ ...shared, forcePathStyle: options.endpoint !== undefined }));
  return {
    dynamodb: createDynamodb(shared),
    dynamodbOnce: createDynamodb({ ...shared, maxAttempts: 1 }),
    sqs: new SQSClient(shared),
    get ssm() {
      return ssm();
    },
    get s3() {
      return s3();
    },
    get secretsManager() {
      return secretsManager();
    },
  };
}

/** Steps of a call that report it to a logger, of which there is none, and the version of the SDK to AWS. */
const REPORTING_STEPS = ['loggerMiddleware', 'getUserAgentMiddleware'];

/** A call to DynamoDB for each message is most of what accepting and delivering cost: all that can be saved counts. */
function createDynamodb(config: DynamoDBClientConfig): DynamoDBClient {
  const client = new DynamoDBClient({ ...config, cacheMiddleware: true });
  for (const step of REPORTING_STEPS) client.middlewareStack.remove(step);
  return client;
}

/** Made at its first use: a function that starts must not load a client that most requests do without. */
export function whenNeeded<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

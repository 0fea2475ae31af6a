/** LocalStack in a container: AWS behind one endpoint, with functions that run. Needs a docker engine. */

import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { LocalstackContainer } from '@testcontainers/localstack';
import type { AwsClientOptions } from '../../aws/aws-clients.ts';

export interface LocalStack {
  /** For clients of the SDK on the host. */
  readonly config: Required<Pick<AwsClientOptions, 'endpoint' | 'region' | 'credentials'>>;
  /** The address under which the host is reached from within the container. */
  readonly hostAddress: string;
  stop(): Promise<void>;
}

export interface LocalStackOptions {
  /** Starts DynamoDB too; else its first call does, and may take longer than a client waits. */
  readonly dynamodb?: boolean;
}

/** The last version that needs no licence. */
const IMAGE = 'localstack/localstack:4.14.0';
const HOST = 'host.docker.internal';
/** By which functions know it. */
const OWN_NAME = 'localhost.localstack.cloud';
const DOCKER_SOCKET = '/var/run/docker.sock';

/**
 * Starts one, with nothing in it.
 *
 * @throws when no docker engine answers, or it has no such image and cannot get it
 */
export async function startLocalStack({ dynamodb = false }: LocalStackOptions = {}): Promise<LocalStack> {
  const container = await new LocalstackContainer(IMAGE)
    .withExtraHosts([
      { host: HOST, ipAddress: 'host-gateway' },
      { host: OWN_NAME, ipAddress: '127.0.0.1' },
    ])
    // LocalStack's own image runs functions in containers beside it.
    .withBindMounts([{ source: DOCKER_SOCKET, target: DOCKER_SOCKET }])
    .withEnvironment({
      DYNAMODB_IN_MEMORY: '1',
      // URLs of queues, which the SDK goes to whatever its endpoint is: good within functions.
      LOCALSTACK_HOST: OWN_NAME,
      SQS_ENDPOINT_STRATEGY: 'path',
    })
    .start();
  // Of all lines about the host, the first: the image's own resolver would ask the network.
  const { output } = await container.exec(['getent', 'ahostsv4', HOST]);
  const [hostAddress = ''] = output.split(/\s/);
  const config = {
    endpoint: container.getConnectionUri(),
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  if (dynamodb) await startDynamodb(config);
  return { config, hostAddress, stop: async () => void (await container.stop()) };
}

async function startDynamodb(config: LocalStack['config']): Promise<void> {
  const client = new DynamoDBClient(config);
  await client.send(new ListTablesCommand());
  client.destroy();
}

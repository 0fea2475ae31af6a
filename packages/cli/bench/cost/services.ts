/**
 * The services that the functions call, in a process of their own, so that their CPU is not the functions': the local
 * AWS, a target that answers 200, and the event source mapping, which hands its batches to the process that started it.
 *
 * Talks to its parent in messages: `FromServices` and `ToServices`. It ends with its parent.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AwsConfig, createAwsClients } from '@millrace/core/aws';
import {
  createEventSourceMapping,
  createMessageResources,
  type LocalAwsConfig,
  startLocalAws,
} from '@millrace/core/testing/aws';

export type FromServices =
  | { readonly kind: 'ready'; readonly aws: LocalAwsConfig; readonly resources: AwsConfig; readonly targetUrl: string }
  /** The text of an event for the worker; its answer is awaited. */
  | { readonly kind: 'invoke'; readonly event: string }
  /** The queue is empty. */
  | { readonly kind: 'settled' };

export type ToServices =
  | { readonly kind: 'settle'; readonly batchSize: number }
  | { readonly kind: 'answer'; readonly answer: unknown };

const say = (message: FromServices): void => void process.send?.(message);

const server = createServer((request, response) => request.resume().once('end', () => response.end()));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

const aws = await startLocalAws();
const resources = await createMessageResources(createAwsClients(aws.config), {
  prefix: 'cost',
  visibilitySeconds: 600,
});
let onAnswer: (answer: unknown) => void = () => undefined;

function invoke(event: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    onAnswer = resolve;
    say({ kind: 'invoke', event: JSON.stringify(event) });
  });
}

async function settle(batchSize: number): Promise<void> {
  const [queueUrl = ''] = resources.workQueueUrls;
  const options = { aws, queueUrl, batchSize, clock: Date.now, timeoutMs: 600_000 };
  await createEventSourceMapping({ ...options, handler: invoke }).settle();
  say({ kind: 'settled' });
}

process.on('message', (message: ToServices) => {
  if (message.kind === 'answer') onAnswer(message.answer);
  else void settle(message.batchSize);
});
process.once('disconnect', () => process.exit());

say({ kind: 'ready', aws: aws.config, resources, targetUrl: `http://127.0.0.1:${port}/hooks/orders` });

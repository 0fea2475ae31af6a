/** A small model of one queue and its dead-letter queue: what must be visible, in flight, delayed. */

import type { QueueCounts } from '../../src/testing/aws/sqs-server/queue.ts';

export const QUEUES = ['work', 'dead'] as const;
export type QueueName = (typeof QUEUES)[number];

export const VISIBILITY_SECONDS = 30;
export const RETENTION_SECONDS = 1_000;
export const MAX_RECEIVES = 2;
export const MAX_HIDDEN_SECONDS = 43_200;

export interface ModelMessage {
  readonly body: string;
  readonly sentAt: number;
  queue: QueueName;
  state: 'waiting' | 'delayed' | 'in-flight';
  dueAt: number;
  /** Within its queue. */
  receives: number;
  totalReceives: number;
  receivedAt: number;
  /** Of its last receive. */
  handle: string | undefined;
}

export interface Model {
  now: number;
  readonly messages: Set<ModelMessage>;
  /** Every handle that was given out, with its queue. */
  readonly handles: { readonly handle: string; readonly queue: QueueName }[];
}

export function createModel(now: number): Model {
  return { now, messages: new Set(), handles: [] };
}

export function modelSend(model: Model, body: string, delaySeconds: number): void {
  model.messages.add({
    body,
    sentAt: model.now,
    queue: 'work',
    state: delaySeconds > 0 ? 'delayed' : 'waiting',
    dueAt: model.now + delaySeconds * 1_000,
    receives: 0,
    totalReceives: 0,
    receivedAt: 0,
    handle: undefined,
  });
}

/** Lets time have its effects. */
export function modelTick(model: Model): void {
  for (const message of model.messages) {
    if (message.dueAt <= model.now) message.state = 'waiting';
    if (model.now >= message.sentAt + RETENTION_SECONDS * 1_000) model.messages.delete(message);
  }
}

const inQueue = (model: Model, queue: QueueName): readonly ModelMessage[] =>
  [...model.messages].filter((message) => message.queue === queue);

/** Visible ones that may be received; of `work`, the others wait for their redrive. */
export function receivable(model: Model, queue: QueueName): readonly ModelMessage[] {
  return inQueue(model, queue).filter(
    ({ state, receives }) => state === 'waiting' && (queue === 'dead' || receives < MAX_RECEIVES),
  );
}

export function overdueForRedrive(model: Model): readonly ModelMessage[] {
  return inQueue(model, 'work').filter(({ state, receives }) => state === 'waiting' && receives >= MAX_RECEIVES);
}

export function modelRedrive(message: ModelMessage): void {
  message.queue = 'dead';
  message.receives = 0;
  message.handle = undefined;
}

export function modelReceive(model: Model, message: ModelMessage, handle: string, visibilitySeconds: number): void {
  message.receives += 1;
  message.totalReceives += 1;
  message.receivedAt = model.now;
  message.handle = handle;
  message.dueAt = model.now + visibilitySeconds * 1_000;
  message.state = 'in-flight';
  model.handles.push({ handle, queue: message.queue });
}

export function holderOf(model: Model, handle: string): ModelMessage | undefined {
  return [...model.messages].find((message) => message.handle === handle);
}

/** Hides longer; otherwise the error that SQS gives. */
export function modelHide(model: Model, handle: string, seconds: number): string | undefined {
  const message = holderOf(model, handle);
  if (message === undefined) return 'InvalidParameterValue';
  if (message.state !== 'in-flight') return 'AWS.SimpleQueueService.MessageNotInflight';
  const dueAt = model.now + seconds * 1_000;
  if (dueAt > message.receivedAt + MAX_HIDDEN_SECONDS * 1_000) return 'InvalidParameterValue';
  message.dueAt = dueAt;
  return undefined;
}

export function modelCounts(model: Model, queue: QueueName): QueueCounts {
  const states = inQueue(model, queue).map(({ state }) => state);
  const count = (wanted: ModelMessage['state']): number => states.filter((state) => state === wanted).length;
  return { visible: count('waiting'), inFlight: count('in-flight'), delayed: count('delayed') };
}

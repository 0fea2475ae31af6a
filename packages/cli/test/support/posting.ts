/** Clients that post messages to a server that may die at any moment, as a careful sender does: until it has an answer. */

import { setTimeout as pause } from 'node:timers/promises';
import { webhookId } from '@millrace/core';
import type { BatchResult, MessageInput } from '../../src/api-shapes.ts';
import { type ApiClient, isRetryable } from '../../src/client.ts';
import { type Random, randomInt, randomItem } from './random.ts';
import { until } from './until.ts';

/** A message that a client has posted, and what it was told. */
export interface Posted {
  readonly input: MessageInput;
  /** What the receiver must get. */
  readonly body: Buffer;
  readonly webhookId: string;
  readonly maxAttempts: number;
  /** 2xx answers that called it new. */
  accepted: number;
  /** 2xx answers that called it a repeat. */
  duplicates: number;
  /** A 2xx that called it new, after an earlier 2xx had come. */
  acceptedLate: number;
}

export interface Posting {
  readonly posted: readonly Posted[];
  /** Posts nothing new, and waits until everything posted has its 2xx. Rejects when a client could not go on. */
  stop(): Promise<void>;
}

export interface PostingOptions {
  readonly client: ApiClient;
  readonly clients: number;
  readonly targets: readonly string[];
  readonly random: Random;
  /** Clients pause while this says no to the number of messages posted. */
  readonly mayPost: (posted: number) => boolean;
}

const TIMESTAMP = '2026-11-22T10:00:00Z';
const SENDERS = ['billing', 'shipping'];
const MAX_BODY_BYTES = 3_000;
const MAX_BATCH = 20;
const PAUSE_MS = 10;
/** Of the messages, posted again after their 2xx, or twice in a batch. */
const REPEATED = 0.2;
const BATCHES = 0.3;

export function startPosting({ client, clients, targets, random, mayPost }: PostingOptions): Posting {
  const posted: Posted[] = [];
  let stopped = false;

  const add = (): Posted => {
    const message = createPosted(posted.length, randomItem(random, targets), random);
    posted.push(message);
    return message;
  };

  async function run(): Promise<void> {
    while (!stopped) {
      if (!mayPost(posted.length)) await pause(PAUSE_MS);
      else if (random() < BATCHES) await postBatch();
      else await postSingle();
    }
  }

  async function postSingle(): Promise<void> {
    const message = add();
    await postOne(client, message);
    if (random() < REPEATED) await postOne(client, randomItem(random, posted));
  }

  async function postBatch(): Promise<void> {
    const fresh = Array.from({ length: randomInt(random, 2, MAX_BATCH) }, add);
    const again = fresh.filter(() => random() < REPEATED);
    await postAll(client, [...fresh, ...again]);
  }

  const running = Promise.all(Array.from({ length: clients }, run));
  // Told by `stop`.
  running.catch(() => undefined);
  return {
    posted,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

function createPosted(number: number, targetUrl: string, random: Random): Posted {
  const maxAttempts = randomInt(random, 1, 4);
  const body = randomBody(number, random);
  const isBinary = number % 4 === 0;
  const input: MessageInput = {
    messageId: `m-${number}`,
    timestamp: TIMESTAMP,
    senderId: randomItem(random, SENDERS),
    targetUrl,
    method: randomItem(random, ['POST', 'PUT']),
    headers: { 'x-number': String(number) },
    body: isBinary ? body.toString('base64') : body.toString('latin1'),
    bodyEncoding: isBinary ? 'base64' : 'utf8',
    retry: { maxAttempts },
  };
  const { messageId, timestamp, senderId } = input;
  const sent = isBinary ? body : Buffer.from(body.toString('latin1'), 'utf8');
  const id = webhookId({ messageId, timestamp, senderId, targetUrl });
  return { input, body: sent, webhookId: id, maxAttempts, accepted: 0, duplicates: 0, acceptedLate: 0 };
}

/** Bytes of any value, behind a text that no other message has. */
function randomBody(number: number, random: Random): Buffer {
  const bytes = Array.from({ length: randomInt(random, 0, MAX_BODY_BYTES) }, () => randomInt(random, 0, 255));
  return Buffer.concat([Buffer.from(`message ${number}: `), Buffer.from(bytes)]);
}

async function postOne(client: ApiClient, message: Posted): Promise<void> {
  const wasKnown = message.accepted + message.duplicates > 0;
  await persist(async () => {
    const { duplicate } = await client.send(message.input);
    note(message, duplicate, wasKnown);
  });
}

/** Sends what was not stored again, until all is. */
async function postAll(client: ApiClient, messages: readonly Posted[]): Promise<void> {
  for (let missing = messages; missing.length > 0; ) {
    const text = missing.map(({ input }) => `${JSON.stringify(input)}\n`).join('');
    const { results } = await persist(() => client.sendBatch(Buffer.from(text)));
    missing = missing.filter((message, index) => !isStored(message, results[index]));
  }
}

function isStored(message: Posted, result: BatchResult | undefined): boolean {
  switch (result?.result) {
    case 'accepted':
    case 'duplicate':
      note(message, result.result === 'duplicate', message.accepted + message.duplicates > 0);
      return true;
    case 'unavailable':
      return false;
    default:
      throw new Error(`${message.input.messageId} came back as ${JSON.stringify(result)}`);
  }
}

function note(message: Posted, duplicate: boolean, wasKnown: boolean): void {
  if (duplicate) message.duplicates++;
  else message.accepted++;
  if (wasKnown && !duplicate) message.acceptedLate++;
}

/** Repeats what a repeat can cure. */
async function persist<T>(action: () => Promise<T>): Promise<T> {
  const { value } = await until('a post has an answer', async () => {
    try {
      return { value: await action() };
    } catch (error) {
      if (!isRetryable(error)) throw error;
      return undefined;
    }
  });
  return value;
}

/**
 * The queues: entries to be worked on, spread over shards by target, and dead letters for people.
 */

import { hash } from 'node:crypto';
import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import type { Identity } from '../domain/identity.ts';
import { StoreUnavailableError } from '../errors.ts';
import { type AwsCall, toAwsError } from './aws-errors.ts';

/** Something to send: what became of it is known for each apart. */
export interface QueueItem {
  readonly queueUrl: string;
  readonly text: string;
  /** Fairness is between groups: a group with a long backlog does not hold others up. */
  readonly group: string;
  readonly delaySeconds: number;
  /** Told beside the text, for people who look at a queue. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Undefined: it is in the queue. Else the error that says why it may not be. */
export type SendFault = unknown;

/** Limits of SQS; bytes as of Terraform's provider 5, which cannot set more. */
const BATCH_ENTRIES = 10;
const BATCH_BYTES = 256 * 1_024;
const MAX_DELAY_SECONDS = 900;
/** Bytes that attributes take beside the text, at most. */
const NOTES_BYTES = 1_024;

const CONCURRENCY = 8;
/** Entries that SQS could not take for reasons of its own are offered again this often. */
const TRIES = 3;

/** Seconds until a time, as a queue can wait; longer waits hop: the entry says when it is due. */
export function delaySeconds(until: number, now: number): number {
  return Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil((until - now) / 1_000)));
}

/** Messages of a sender to an origin: what they have in common is what can be slow or too many. */
export function groupOf({ senderId, targetUrl }: Identity): string {
  return hash('sha256', `${senderId}\n${new URL(targetUrl).origin}`, 'base64url');
}

/** Always the same for an origin, so that a slow one fills one shard. */
export function shardOf({ targetUrl }: Identity, queueUrls: readonly string[]): string {
  const number = hash('sha1', new URL(targetUrl).origin, 'buffer').readUInt32BE() % queueUrls.length;
  return queueUrls[number] ?? '';
}

/** Sends in batches; the answers stand in the order of the items. Never throws. */
export async function sendAll(client: SQSClient, items: readonly QueueItem[]): Promise<readonly SendFault[]> {
  const faults = new Map<number, SendFault>();
  let open: readonly Open[] = items.map((item, index) => ({ item, index }));
  for (let tries = 1; open.length > 0; tries++) {
    const batches = await pMap(toBatches(open), (batch) => sendBatch(client, batch), { concurrency: CONCURRENCY });
    const sent = batches.flat();
    for (const { index, fault } of sent) faults.set(index, fault);
    open = tries < TRIES ? sent.filter(({ mayRetry }) => mayRetry) : [];
  }
  return items.map((_, index) => faults.get(index));
}

interface Open {
  readonly item: QueueItem;
  readonly index: number;
}

interface Sent extends Open {
  readonly fault: SendFault;
  /** SQS refused this entry alone, for a reason that may be over. */
  readonly mayRetry: boolean;
}

/** Of one queue each, within the limits of a request. */
function toBatches(open: readonly Open[]): readonly (readonly Open[])[] {
  const batches: Open[][] = [];
  for (const [, sameQueue] of Map.groupBy(open, ({ item }) => item.queueUrl)) {
    let bytes = Number.POSITIVE_INFINITY;
    for (const one of sameQueue) {
      const size = Buffer.byteLength(one.item.text) + NOTES_BYTES;
      const last = batches.at(-1);
      const fits = last !== undefined && last.length < BATCH_ENTRIES && bytes + size <= BATCH_BYTES;
      if (fits) last.push(one);
      else batches.push([one]);
      bytes = fits ? bytes + size : size;
    }
  }
  return batches;
}

async function sendBatch(client: SQSClient, batch: readonly Open[]): Promise<readonly Sent[]> {
  const [first] = batch;
  if (first === undefined) return [];
  const { queueUrl } = first.item;
  const call: AwsCall = { action: 'sqs:SendMessage', resource: `queue ${queueUrl}` };
  try {
    const Entries = batch.map(({ item }, id) => toSqsEntry(item, String(id)));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const failed = new Map(Failed.map((failure) => [failure.Id, failure]));
    return batch.map((open, id) => {
      const failure = failed.get(String(id));
      return failure === undefined
        ? { ...open, fault: undefined, mayRetry: false }
        : { ...open, fault: toFault(failure, call), mayRetry: failure.SenderFault !== true };
    });
  } catch (error) {
    const fault = toAwsError(error, call);
    // The client has tried again by itself.
    return batch.map((open) => ({ ...open, fault, mayRetry: false }));
  }
}

/** What SQS says of one entry, as if it had said it of the whole request. */
function toFault({ Code: name = 'unknown', Message: message = name }: Partial<BatchResultErrorEntry>, call: AwsCall) {
  const cause = Object.assign(new Error(message), { name });
  const fault = toAwsError(cause, call);
  const isUnknown = fault === cause;
  return isUnknown
    ? new StoreUnavailableError(`${call.action} on ${call.resource}: ${name}: ${message}`, { cause })
    : fault;
}

function toSqsEntry(
  { text, group, delaySeconds: delay, notes = {} }: QueueItem,
  id: string,
): SendMessageBatchRequestEntry {
  const attributes = Object.entries(notes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]);
  return {
    Id: id,
    MessageBody: text,
    MessageGroupId: group,
    ...(delay === 0 ? {} : { DelaySeconds: delay }),
    ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
  };
}

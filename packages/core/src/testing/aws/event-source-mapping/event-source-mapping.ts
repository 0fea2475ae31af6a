/**
 * Plays Lambda's event source mapping between a queue and a handler: receives batches, calls the handler with the
 * event document, deletes what succeeded, and leaves the rest to the queue until its visibility time is over.
 *
 * It runs when it is told to and has no timers: batching windows, scaling, filters and the back-off of pollers are not
 * played, and a handler that never ends is not interrupted. One that ends after its deadline counts as timed out.
 */

import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { ConnectionCut } from '../call-pipeline.ts';
import { isJson, objects } from '../json-input.ts';
import type { LocalAws } from '../local-aws.ts';
import { type Json, ServiceError } from '../service.ts';
import { readBatchResponse } from './batch-response.ts';
import { createContext } from './function-context.ts';
import { type EventSource, splitBySize, toRecord } from './sqs-event.ts';

export type SqsFunction = (event: SQSEvent, context: Context) => unknown;

export interface EventSourceMappingOptions {
  readonly aws: LocalAws;
  readonly queueUrl: string;
  readonly handler: SqsFunction;
  /** Epoch milliseconds; deadlines are measured by it. */
  readonly clock: () => number;
  /** Messages a batch, 10 by default. */
  readonly batchSize?: number;
  /** Batches that are handled at the same time, 1 by default. */
  readonly concurrency?: number;
  /** Milliseconds that the function may run, 30 s by default; not more than the queue's visibility time. */
  readonly timeoutMs?: number;
  /** True by default; without it a batch succeeds unless the handler throws. */
  readonly reportBatchItemFailures?: boolean;
  readonly functionName?: string;
}

export interface PollResult {
  readonly batches: number;
  readonly received: number;
  readonly deleted: number;
  /** What handlers threw, what was wrong with their answers, and calls to the queue that failed. */
  readonly errors: readonly unknown[];
}

export interface EventSourceMapping {
  /** Handles as many messages as are visible now. */
  poll(): Promise<PollResult>;
  /** Polls until nothing is visible. @throws Error when that does not come within `maxPolls` (10,000 by default) */
  settle(maxPolls?: number): Promise<PollResult>;
}

type Batch = readonly SQSRecord[];

const MAX_RECEIVED = 10;
const MAX_BATCH_SIZE = 10_000;
const MAX_POLLS = 10_000;

export function createEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { aws, queueUrl, handler, clock, batchSize = 10, concurrency = 1, timeoutMs = 30_000 } = options;
  const { functionName = 'function', reportBatchItemFailures = true } = options;
  const { region } = aws.config;
  if (batchSize < 1 || batchSize > MAX_BATCH_SIZE) throw new RangeError(`batchSize must be 1 to ${MAX_BATCH_SIZE}`);

  const callQueue = (action: string, input: Json): Promise<Json> =>
    aws.call({ service: 'sqs', action }, { QueueUrl: queueUrl, ...input }, 'lambda');

  /** Lambda's own look at the queue: neither counted nor struck by faults. */
  async function lookAtQueue(): Promise<{ readonly visible: number; readonly source: EventSource }> {
    const answer = await aws.sqs.call('GetQueueAttributes', { QueueUrl: queueUrl, AttributeNames: ['All'] });
    const attributes = isJson(answer['Attributes']) ? answer['Attributes'] : {};
    if (Number(attributes['VisibilityTimeout']) * 1_000 < timeoutMs)
      throw new RangeError(`the queue's visibility time is shorter than the function's timeout of ${timeoutMs} ms`);
    const source = { arn: String(attributes['QueueArn']), region };
    return { visible: Number(attributes['ApproximateNumberOfMessages']), source };
  }

  async function receive(source: EventSource, errors: unknown[]): Promise<Batch> {
    const records: SQSRecord[] = [];
    while (records.length < batchSize) {
      const MaxNumberOfMessages = Math.min(MAX_RECEIVED, batchSize - records.length);
      const all = { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] };
      const answer = await keeping(errors, () => callQueue('ReceiveMessage', { MaxNumberOfMessages, ...all }));
      const messages = objects(answer ?? {}, 'Messages');
      if (messages.length === 0) break;
      records.push(...messages.map((message) => toRecord(message, source)));
    }
    return records;
  }

  /** The ids of the messages that succeeded. */
  async function invoke(batch: Batch, errors: unknown[]): Promise<ReadonlySet<string>> {
    const deadline = clock() + timeoutMs;
    const context = createContext({ functionName, region, accountId: aws.accountId, deadline, clock });
    const ids = new Set(batch.map(({ messageId }) => messageId));
    try {
      const response = await handler(structuredClone({ Records: [...batch] }), context);
      if (clock() > deadline) throw new Error(`the function timed out after ${timeoutMs} ms`);
      const outcome = readBatchResponse(reportBatchItemFailures ? response : null, ids);
      if (outcome.problem !== undefined) throw outcome.problem;
      for (const id of outcome.failedIds) ids.delete(id);
      return ids;
    } catch (error) {
      errors.push(error);
      return new Set();
    }
  }

  async function remove(batch: Batch, errors: unknown[]): Promise<number> {
    let deleted = 0;
    for (let start = 0; start < batch.length; start += MAX_RECEIVED) {
      const Entries = batch
        .slice(start, start + MAX_RECEIVED)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
      const answer = await keeping(errors, () => callQueue('DeleteMessageBatch', { Entries }));
      deleted += objects(answer ?? {}, 'Successful').length;
    }
    return deleted;
  }

  async function handleBatch(batch: Batch, errors: unknown[]): Promise<number> {
    const succeeded = await invoke(batch, errors);
    const done = batch.filter(({ messageId }) => succeeded.has(messageId));
    return await remove(done, errors);
  }

  async function poll(): Promise<PollResult> {
    const { visible, source } = await lookAtQueue();
    const errors: unknown[] = [];
    let received = 0;
    let deleted = 0;
    let batches = 0;
    while (received < visible) {
      const wave: Batch[] = [];
      for (let worker = 0; worker < concurrency; worker += 1) wave.push(...splitBySize(await receive(source, errors)));
      if (wave.length === 0) break;
      batches += wave.length;
      for (const batch of wave) received += batch.length;
      const counts = await Promise.all(wave.map((batch) => handleBatch(batch, errors)));
      for (const count of counts) deleted += count;
    }
    return { batches, received, deleted, errors };
  }

  async function settle(maxPolls = MAX_POLLS): Promise<PollResult> {
    let total: PollResult = { batches: 0, received: 0, deleted: 0, errors: [] };
    for (let polls = 0; polls < maxPolls; polls += 1) {
      const { visible } = await lookAtQueue();
      if (visible === 0) return total;
      const one = await poll();
      if (one.received === 0 && one.errors.length > 0)
        throw new AggregateError(one.errors, `nothing can be received from ${queueUrl}`);
      total = {
        batches: total.batches + one.batches,
        received: total.received + one.received,
        deleted: total.deleted + one.deleted,
        errors: [...total.errors, ...one.errors],
      };
    }
    throw new Error(`after ${maxPolls} polls there are still visible messages in ${queueUrl}`);
  }

  return { poll, settle };
}

/** The queue could not be asked: what was received stays in flight and comes again. */
async function keeping(errors: unknown[], call: () => Promise<Json>): Promise<Json | undefined> {
  try {
    return await call();
  } catch (error) {
    const isExpected = error instanceof ServiceError || error instanceof ConnectionCut;
    if (!isExpected) throw error;
    errors.push(error);
    return undefined;
  }
}

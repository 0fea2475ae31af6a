/** Counts what AWS would bill for messages on their way through the whole system, on the local AWS. */

import type { CallStats } from '@millrace/core/testing/aws';
import type { Reception } from '../../test/support/receiver.ts';
import { eventsOf, numberOf, type Profile } from './load.ts';
import { type LocalSystem, startLocalSystem } from './local-system.ts';

/** Of a run. */
export interface Usage {
  readonly messages: number;
  /** Requests that reached the target. */
  readonly attempts: number;
  /** By 512 KB begun. */
  readonly apiRequests: number;
  readonly workerInvocations: number;
  /** Of every call, failed conditions and the counter of accepted messages included. */
  readonly writeUnits: number;
  readonly readUnits: number;
  /** By 64 KB begun. */
  readonly sqsSends: number;
  /** By the event source mapping, as are deletes. */
  readonly sqsReceives: number;
  readonly sqsDeletes: number;
  readonly s3Puts: number;
  readonly s3Gets: number;
  /** Bytes of requests to the target and answers of the API, without TLS. */
  readonly egressBytes: number;
  /** Read units for one look of the accounting at all rows. */
  readonly accountingReadUnits: number;
}

const HTTP_API_CHUNK_BYTES = 512 * 1_024;
/** Longer than a retry waits. */
const RETRY_MS = 5_000;
const ROUNDS = 3;

interface CountOptions {
  /** How often the whole load is posted; repeats follow when everything is delivered. Default 1. */
  readonly posts?: number;
}

/** @throws Error when not every message is accepted and delivered */
export async function countUsage(profile: Profile, messages: number, { posts = 1 }: CountOptions = {}): Promise<Usage> {
  const answer = ({ body }: Reception, seen: number): number =>
    profile.failEvery > 0 && numberOf(body) % profile.failEvery === 0 && seen === 1 ? 503 : 200;
  const system = await startLocalSystem({ workerBatch: profile.workerBatch, answer });
  try {
    const runs: Run[] = [];
    for (let post = 0; post < posts; post += 1) {
      const accepted = await postAll(system, profile, messages);
      runs.push({ ...accepted, workerInvocations: await deliverAll(system) });
    }
    checkDelivered(system, messages);
    return await usageOf(system, messages, runs);
  } finally {
    await system.close();
  }
}

interface Run {
  readonly apiRequests: number;
  readonly answerBytes: number;
  readonly workerInvocations: number;
}

async function postAll({ api, receiver }: LocalSystem, profile: Profile, messages: number) {
  let apiRequests = 0;
  let answerBytes = 0;
  for (const event of eventsOf(profile, `${receiver.url}/hooks/orders`, 0, messages)) {
    const { statusCode, body } = await api(event);
    if (statusCode !== 202 && statusCode !== 200) throw new Error(`the API answered ${statusCode}: ${body}`);
    apiRequests += Math.ceil(Buffer.byteLength(event.body ?? '') / HTTP_API_CHUNK_BYTES);
    answerBytes += Buffer.byteLength(body);
  }
  return { apiRequests, answerBytes };
}

/** @returns invocations of the worker */
async function deliverAll({ worker, advance }: LocalSystem): Promise<number> {
  let invocations = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { batches } = await worker.settle();
    invocations += batches;
    advance(RETRY_MS);
  }
  return invocations;
}

function checkDelivered({ receiver, errors }: LocalSystem, messages: number): void {
  const delivered = receiver.receptions.filter(({ answered }) => answered === 200).length;
  if (delivered === messages && errors.length === 0) return;
  throw new AggregateError(errors, `${delivered} of ${messages} messages were delivered`);
}

async function usageOf({ aws, store, receiver }: LocalSystem, messages: number, runs: readonly Run[]): Promise<Usage> {
  const calls = aws.calls();
  aws.clearCalls();
  await store.accounting.run();
  const total = (field: keyof Run): number => runs.reduce((sum, run) => sum + run[field], 0);
  return {
    messages,
    attempts: receiver.receptions.length,
    apiRequests: total('apiRequests'),
    workerInvocations: total('workerInvocations'),
    writeUnits: sum(calls, 'dynamodb.', 'writeUnits'),
    readUnits: sum(calls, 'dynamodb.', 'readUnits'),
    sqsSends: sum(calls, 'sqs.SendMessage', 'billedRequests'),
    sqsReceives: sum(calls, 'sqs.ReceiveMessage', 'billedRequests'),
    sqsDeletes: sum(calls, 'sqs.DeleteMessage', 'billedRequests'),
    s3Puts: sum(calls, 's3.Put', 'calls'),
    s3Gets: sum(calls, 's3.Get', 'calls') + sum(calls, 's3.Head', 'calls'),
    egressBytes: total('answerBytes') + receiver.receptions.reduce((bytes, one) => bytes + requestBytes(one), 0),
    accountingReadUnits: sum(aws.calls(), 'dynamodb.Scan', 'readUnits'),
  };
}

function sum(calls: ReadonlyMap<string, CallStats>, prefix: string, field: keyof CallStats): number {
  let total = 0;
  for (const [name, stats] of calls) if (name.startsWith(prefix)) total += stats[field];
  return total;
}

function requestBytes({ method, path, headers, body }: Reception): number {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.byteLength(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`) + body.length;
}

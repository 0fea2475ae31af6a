/** What the measures share. */

import { LIMITS } from '@millrace/core';
import type { GeneratorJob, GeneratorResult } from './generator.ts';
import type { ReceiverStats } from './receiver.ts';
import type { Row } from './report.ts';
import { type Millrace, type Receiver, startGenerator, waitForArrivals } from './system-under-test.ts';
import type { Workbench } from './workbench.ts';

/** How much is sent; the short form shows that everything works, its numbers mean little. */
interface Sizes {
  readonly bodyBytes: number;
  readonly referenceMs: number;
  readonly warmUpMessages: number;
  readonly singleMessages: number;
  readonly batchMessages: number;
  readonly protectionRounds: number;
  readonly protectionMessages: number;
  readonly largeBytes: number;
  readonly latencyMs: number;
  readonly kills: number;
  readonly backlogMessages: number;
  readonly backlogSampleMessages: number;
  readonly drainMs: number;
  readonly idleMs: number;
  readonly overloadMs: number;
  readonly fairnessBacklog: number;
}

export const FULL: Sizes = {
  bodyBytes: 1_000,
  referenceMs: 4_000,
  warmUpMessages: 5_000,
  singleMessages: 60_000,
  batchMessages: 200_000,
  protectionRounds: 12,
  protectionMessages: 4_000,
  largeBytes: LIMITS.payloadBytes,
  latencyMs: 15_000,
  kills: 5,
  backlogMessages: 1_000_000,
  backlogSampleMessages: 50_000,
  drainMs: 20_000,
  idleMs: 10_000,
  overloadMs: 15_000,
  fairnessBacklog: 5_000,
};

export const QUICK: Sizes = {
  ...FULL,
  referenceMs: 1_000,
  warmUpMessages: 1_000,
  singleMessages: 5_000,
  batchMessages: 20_000,
  protectionRounds: 2,
  protectionMessages: 1_000,
  largeBytes: LIMITS.payloadBytes / 10,
  latencyMs: 2_000,
  kills: 1,
  backlogMessages: 50_000,
  backlogSampleMessages: 10_000,
  drainMs: 4_000,
  idleMs: 3_000,
  overloadMs: 4_000,
  fairnessBacklog: 1_000,
};

export const CONNECTIONS = 64;

export interface Bench {
  readonly workbench: Workbench;
  readonly receiver: Receiver;
  readonly sizes: Sizes;
  /** The first of so many message numbers that no other run has. */
  reserve(count: number): number;
  /** Requests per second of the generator straight to the receiver, 64 connections; measured once. */
  referenceRate(): Promise<number>;
  /** For whoever watches. */
  say(text: string): void;
}

export type Measure = (bench: Bench) => Promise<readonly Row[]>;

/** No run of the generator may take longer than this. */
const LONGEST_RUN_MS = 600_000;
/** After the last 2xx, deliveries are waited for this long. */
const DELIVERY_LIMIT_MS = 120_000;

type Job = Partial<GeneratorJob> & Pick<GeneratorJob, 'count'>;

function jobOf(bench: Bench, url: string, job: Job): GeneratorJob {
  const defaults = {
    connections: CONNECTIONS,
    forMs: LONGEST_RUN_MS,
    bodyBytes: bench.sizes.bodyBytes,
    firstNumber: 0,
  };
  return { ...defaults, ...job, url };
}

/** The generator straight to the receiver. */
export function postRaw(bench: Bench, job: Job): Promise<GeneratorResult> {
  return startGenerator(bench.workbench, jobOf(bench, bench.receiver.hook, job)).result;
}

/** The job of messages to Millrace whose target is the receiver. */
export function messagesJob(bench: Bench, millrace: Millrace, job: Job): GeneratorJob {
  const path = (job.batch ?? 1) === 1 ? '/message' : '/messages';
  const key = millrace.key === undefined ? {} : { key: millrace.key };
  return jobOf(bench, millrace.url + path, { ...job, ...key, targetUrl: bench.receiver.hook });
}

/**
 * Posts messages and waits for nothing but their acceptance.
 * @throws Error when not all were accepted: the numbers would be of something else
 */
export async function accept(bench: Bench, millrace: Millrace, job: Job): Promise<GeneratorResult> {
  const result = await startGenerator(bench.workbench, messagesJob(bench, millrace, job)).result;
  const { accepted, messages, errors } = result.report;
  if (accepted === 0 || accepted !== messages) {
    throw new Error(`${accepted} of ${messages} messages were accepted: ${JSON.stringify(errors)}`);
  }
  return result;
}

interface Delivered {
  readonly sent: GeneratorResult;
  readonly stats: ReceiverStats;
  /** Messages per second from the first request to the last arrival. */
  readonly deliveredPerSecond: number;
}

/** Posts messages to Millrace and waits until all of them have come to the receiver. */
export async function acceptAndDeliver(bench: Bench, millrace: Millrace, job: Job): Promise<Delivered> {
  const firstNumber = bench.reserve(job.count);
  await bench.receiver.reset(firstNumber, job.count);
  const sent = await accept(bench, millrace, { ...job, firstNumber });
  const stats = await waitForArrivals(bench.receiver, sent.report.accepted, DELIVERY_LIMIT_MS);
  if (stats.distinct < sent.report.accepted) {
    bench.say(`only ${stats.distinct} of ${sent.report.accepted} messages were delivered in time`);
  }
  const seconds = ((stats.lastMs ?? Number.NaN) - sent.startMs) / 1_000;
  return { sent, stats, deliveredPerSecond: stats.distinct / seconds };
}

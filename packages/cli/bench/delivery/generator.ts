/**
 * The load of the benchmark, a process of its own: one run of the code of `millrace load`.
 *
 * Takes a `GeneratorJob` as JSON in its first argument and prints a `GeneratorResult`. It stops early at SIGTERM, and
 * when its standard input ends.
 */

import { writeFileSync } from 'node:fs';
import type { LoadPlan } from '../../src/load/plan.ts';
import { type LoadReport, reportOf } from '../../src/load/report.ts';
import { type LoadDeps, runLoad } from '../../src/load/run.ts';
import { openLoopInterval } from '../../src/load/schedule.ts';
import { monotonicMs } from './monotonic.ts';

export interface GeneratorJob {
  /** Where the requests go, path included. */
  readonly url: string;
  /** Target of the messages; undefined posts the bodies as they are. */
  readonly targetUrl?: string;
  /** Bearer key for the API. */
  readonly key?: string;
  readonly connections: number;
  /** Messages per second; undefined: closed loop. */
  readonly rate?: number;
  readonly batch?: number;
  readonly count: number;
  readonly forMs: number;
  readonly bodyBytes: number;
  readonly firstNumber: number;
  /** Where to write when each message got its 2xx: a Float64Array of monotonic ms, NaN for those that did not. */
  readonly answersFile?: string;
}

export interface GeneratorResult {
  readonly report: LoadReport;
  /** Monotonic milliseconds. */
  readonly startMs: number;
}

function planOf(job: GeneratorJob): LoadPlan {
  const { rate, batch = 1, targetUrl } = job;
  return {
    schedule: {
      intervalMs: rate === undefined ? 0 : openLoopInterval(rate, batch),
      batch,
      count: job.count,
      durationMs: job.forMs,
    },
    url: new URL(job.url),
    messages:
      targetUrl === undefined
        ? undefined
        : {
            senderId: 'bench',
            targetUrl,
            timestamp: new Date().toISOString(),
            idPrefix: 'bench-',
            ids: 'sequential',
          },
    bodyBytes: job.bodyBytes,
    connections: job.connections,
    key: job.key,
    firstNumber: job.firstNumber,
  };
}

const job: GeneratorJob = JSON.parse(process.argv[2] ?? '');
const plan = planOf(job);
const controller = new AbortController();
process.on('SIGTERM', () => controller.abort());
process.on('SIGINT', () => controller.abort());
process.stdin.resume().on('end', () => controller.abort());

const answers = new Float64Array(job.answersFile === undefined ? 0 : job.count).fill(Number.NaN);
let startMs = 0;
const noteAnswers: Partial<LoadDeps> =
  job.answersFile === undefined
    ? {}
    : {
        onAnswer: ({ first, messages, doneMs }, { refused }) => {
          if (refused.size > 0) return;
          const index = first - job.firstNumber;
          answers.fill(startMs + doneMs, index, index + messages);
        },
      };
const result = await runLoad(plan, {
  now: monotonicMs,
  signal: controller.signal,
  onStart: () => {
    startMs = monotonicMs();
  },
  ...noteAnswers,
});
if (job.answersFile !== undefined) writeFileSync(job.answersFile, Buffer.from(answers.buffer));
const output: GeneratorResult = { report: reportOf(plan, result), startMs };
process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit(0));

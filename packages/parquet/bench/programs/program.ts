/** A program of the benchmark: a job as JSON is its argument, a line of JSON with what it measured is its output. */

import { ownPeakBytes } from '../../../cli/bench/delivery/process-stats.ts';

/** @param work does the job, and measures what it is about itself */
export async function program<Job>(work: (job: Job) => Promise<object> | object): Promise<void> {
  const result = await work(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(`${JSON.stringify({ peakBytes: ownPeakBytes(), ...result })}\n`);
}

export interface Times {
  readonly seconds: number;
  /** User and system, of all threads. Less than `seconds` is waiting for the disk or for a processor. */
  readonly cpuSeconds: number;
}

/** Starts to count; the function returned gives what has passed since. */
export function stopwatch(): () => Times {
  const start = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 };
  };
}

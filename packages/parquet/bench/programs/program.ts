/** A program of the benchmark: a job as JSON is its argument, a line of JSON with what it measured is its output. */

import { ownPeakBytes } from '../../../cli/bench/delivery/process-stats.ts';

/** @param work does the job, and measures what it is about itself */
export async function program<Job>(work: (job: Job) => Promise<object> | object): Promise<void> {
  const result = await work(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(`${JSON.stringify({ peakBytes: ownPeakBytes(), ...result })}\n`);
}

/** Starts to count; the function returned gives the seconds since. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1_000;
}

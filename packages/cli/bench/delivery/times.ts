/** Times of many messages, as the processes of the benchmark hand them over. */

import { readFileSync } from 'node:fs';

/** A Float64Array that another process wrote. */
export function readTimes(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Without those that are missing. */
export function sorted(times: Float64Array): Float64Array {
  return times.filter((time) => !Number.isNaN(time)).toSorted();
}

export function median(values: readonly number[]): number {
  return percentile(sorted(Float64Array.from(values)), 50);
}

/** @param times sorted */
export function percentile(times: Float64Array, percent: number): number {
  return times[Math.max(1, Math.ceil((percent / 100) * times.length)) - 1] ?? Number.NaN;
}

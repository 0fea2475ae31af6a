/** Ascending, without those that are NaN. */
export function sorted(times: Float64Array): Float64Array {
  return times.filter((time) => !Number.isNaN(time)).toSorted();
}

/** @param times ascending */
export function percentile(times: Float64Array, percent: number): number {
  return times[Math.max(1, Math.ceil((percent / 100) * times.length)) - 1] ?? Number.NaN;
}

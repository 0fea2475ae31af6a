/** Milliseconds of the machine's monotonic clock: the same in every process, so that times can be compared. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

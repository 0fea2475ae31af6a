/** A file that is wrong in the way in which careless programs make them wrong. */

const TRAILER_BYTES = 8;

/**
 * The file with a timestamp in its statistics cut to milliseconds: what comes out when a footer is read into dates and
 * written again. Its rows are as they were.
 *
 * @param timestamp microseconds since the epoch; a bound of a row group
 */
export function withRoundedStatistics(bytes: Uint8Array, timestamp: number): Uint8Array {
  const changed = Buffer.from(bytes);
  const footerStart = changed.length - TRAILER_BYTES - changed.readUInt32LE(changed.length - TRAILER_BYTES);
  const bound = Buffer.alloc(8);
  bound.writeBigInt64LE(BigInt(timestamp));
  let found = 0;
  for (let at = changed.indexOf(bound, footerStart); at >= 0; at = changed.indexOf(bound, at + 1)) {
    changed.writeBigInt64LE(BigInt(timestamp - (timestamp % 1_000)), at);
    found += 1;
  }
  if (found === 0) throw new Error('the timestamp is not in the statistics of the file');
  return changed;
}

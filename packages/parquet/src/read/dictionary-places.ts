import { decodeHybrid } from '../encoding/hybrid.ts';
import { CorruptParquetError } from '../errors.ts';

/**
 * Reads `count` places in a dictionary of `size` values: their width in a byte, and then the places.
 *
 * @returns the position behind them
 * @throws CorruptParquetError for a place that is not in the dictionary
 */
export function readPlaces(
  bytes: Uint8Array,
  position: number,
  places: Int32Array,
  start: number,
  count: number,
  size: number,
): number {
  // Without values some writers leave out the width, too.
  if (count === 0) return bytes.length;
  const width = bytes[position];
  if (width === undefined) throw new CorruptParquetError('a page ends within its values');
  const end = decodeHybrid(bytes, position + 1, bytes.length, width, places, start, count);
  let max = 0;
  for (let index = start; index < start + count; index += 1) max = Math.max(max, places[index] ?? 0);
  if (max >= size) throw new CorruptParquetError(`a value is not in the dictionary of ${size}`);
  return end;
}

import type { ByteSource } from '../byte-source.ts';
import { CorruptParquetError } from '../errors.ts';

export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges this near to each other are read at once: a request costs more than the bytes between them. */
const MAX_GAP_BYTES = 65_536;

/** @throws CorruptParquetError when the source has not as many bytes as it tells */
export async function readRange(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  if (start === end) return new Uint8Array();
  const bytes = await source.read(start, end);
  if (bytes.length === end - start) return bytes;
  throw new CorruptParquetError(`the file ends within its bytes ${start} to ${end}`);
}

/** The bytes of each range, in the order of the ranges. */
export async function readRanges(source: ByteSource, ranges: readonly FileRange[]): Promise<Uint8Array[]> {
  const reads: { readonly span: FileRange; readonly bytes: Promise<Uint8Array> }[] = [];
  for (const span of spansOf(ranges)) reads.push({ span, bytes: readRange(source, span.start, span.end) });
  await Promise.all(reads.map(({ bytes }) => bytes));
  return await Promise.all(
    ranges.map(async ({ start, end }) => {
      const read = reads.find(({ span }) => span.start <= start && end <= span.end);
      if (read === undefined) throw new RangeError(`the bytes ${start} to ${end} were not read`);
      return (await read.bytes).subarray(start - read.span.start, end - read.span.start);
    }),
  );
}

/** What is read at once: all of the ranges, and what lies in small gaps between them. */
function spansOf(ranges: readonly FileRange[]): FileRange[] {
  const spans: FileRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = spans.at(-1);
    if (last !== undefined && range.start - last.end <= MAX_GAP_BYTES) {
      spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else spans.push(range);
  }
  return spans;
}

/** Row groups that are where the footer says, as far as it can be seen from there. */

import { canDecompress } from '../encoding/compression.ts';
import { CorruptParquetError, placedError, UnsupportedParquetError } from '../errors.ts';
import { CODEC, ENCODING, nameOf } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import { orderColumn } from '../table.ts';
import type { TableSchema } from '../table-schema.ts';
import { MAGIC } from '../write/footer.ts';
import type { FileRange } from './byte-ranges.ts';
import type { FileMetadata } from './file-metadata.ts';
import type { ChunkMetadata, RowGroupMetadata, StatisticsMetadata } from './row-group-metadata.ts';

export interface RowGroup {
  readonly rows: number;
  /** Of its pages. */
  readonly bytes: number;
  /** Its pages lie between these bytes of the file. */
  readonly start: number;
  readonly end: number;
  /** The least and the greatest value of the column that rows are ordered by; undefined when the file does not tell. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Why its rows cannot be read here; undefined when they can. */
  readonly unreadable: string | undefined;
  /** In the order of the file's columns. */
  readonly chunks: readonly PlacedChunk[];
  readonly metadata: RowGroupMetadata;
}

export interface PlacedChunk extends ChunkMetadata, FileRange {}

/**
 * @throws CorruptParquetError when they cannot be as the footer says
 * @throws UnsupportedParquetError when they are encrypted, in another file, or have nulls where the table has none
 */
export function checkedRowGroups(
  footer: FileMetadata,
  columns: readonly PhysicalColumn[],
  schema: TableSchema,
  footerOffset: number,
): readonly RowGroup[] {
  const orderPlace = orderColumn(schema);
  const order = columns.findIndex(({ place }) => place === orderPlace);
  const groups = footer.rowGroups.map((metadata, index) => {
    try {
      return checkedRowGroup(metadata, columns, order, footerOffset);
    } catch (error) {
      throw placedError(`row group ${index}`, error);
    }
  });
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== footer.rows) {
    throw new CorruptParquetError(`the file tells of ${footer.rows} rows, and its row groups have ${rows}`);
  }
  assertDisjoint(groups.flatMap(({ chunks }) => chunks));
  return groups;
}

function checkedRowGroup(
  metadata: RowGroupMetadata,
  columns: readonly PhysicalColumn[],
  order: number,
  footerOffset: number,
): RowGroup {
  const { rows } = metadata;
  if (rows < 0) throw new CorruptParquetError('it does not tell its rows');
  if (metadata.chunks.length !== columns.length) {
    throw new CorruptParquetError(`it has ${metadata.chunks.length} columns, and the file ${columns.length}`);
  }
  const chunks = columns.map((column, index) => {
    const chunk = metadata.chunks[index];
    if (chunk === undefined) throw new CorruptParquetError(`it lacks the column ${column.spec.name}`);
    assertFits(chunk, column, rows);
    return placed(chunk, column, footerOffset);
  });
  return {
    rows,
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    start: Math.min(...chunks.map(({ start }) => start)),
    end: Math.max(...chunks.map(({ end }) => end)),
    ...boundsOf(chunks[order]?.statistics),
    unreadable: whyUnreadable(rows, chunks),
    chunks,
    metadata,
  };
}

function assertFits(chunk: ChunkMetadata, { spec, type }: PhysicalColumn, rows: number): void {
  const { name, nullable } = spec;
  if (chunk.encrypted) throw new UnsupportedParquetError(`the column ${name} is encrypted`);
  if (chunk.filePath !== undefined && chunk.filePath !== '') {
    throw new UnsupportedParquetError(`the column ${name} is in another file, ${chunk.filePath}`);
  }
  if (!chunk.described || chunk.path.length !== 1 || chunk.path[0] !== name || chunk.type !== type) {
    throw new CorruptParquetError(`where the column ${name} should be is another`);
  }
  if (chunk.values !== rows) {
    throw new CorruptParquetError(`the column ${name} has ${chunk.values} values for ${rows} rows`);
  }
  const nulls = chunk.statistics?.nulls ?? 0;
  if (nulls < 0 || nulls > rows) throw new CorruptParquetError(`the column ${name} has ${nulls} nulls`);
  if (nulls > 0 && !nullable) {
    throw new UnsupportedParquetError(`the column ${name} has nulls, where the table has none`);
  }
}

function placed(chunk: ChunkMetadata, { spec }: PhysicalColumn, footerOffset: number): PlacedChunk {
  const { dataPageOffset, dictionaryPageOffset = 0, bytes, values } = chunk;
  // Some programs write 0 when there is no dictionary.
  const start = dictionaryPageOffset === 0 ? dataPageOffset : dictionaryPageOffset;
  const end = start + bytes;
  const isInFile = start >= MAGIC.length && bytes >= 0 && end <= footerOffset;
  const hasDataPage = values === 0 || (dataPageOffset >= start && dataPageOffset < end);
  if (isInFile && hasDataPage) return { ...chunk, start, end };
  throw new CorruptParquetError(`the column ${spec.name} lies at ${start} to ${end}, where no pages can be`);
}

function assertDisjoint(chunks: readonly PlacedChunk[]): void {
  let end = 0;
  const filled = chunks.filter(({ bytes }) => bytes > 0);
  for (const chunk of filled.sort((a, b) => a.start - b.start)) {
    if (chunk.start < end) throw new CorruptParquetError(`the bytes ${chunk.start} to ${end} are of two columns`);
    end = Math.max(end, chunk.end);
  }
}

const READABLE_ENCODINGS: ReadonlySet<number> = new Set([
  ENCODING.PLAIN,
  ENCODING.PLAIN_DICTIONARY,
  ENCODING.RLE,
  // Many programs name it for levels that they do not write.
  ENCODING.BIT_PACKED,
  ENCODING.DELTA_BINARY_PACKED,
  ENCODING.DELTA_LENGTH_BYTE_ARRAY,
  ENCODING.DELTA_BYTE_ARRAY,
  ENCODING.RLE_DICTIONARY,
]);

/** More would not fit in memory. No program makes row groups so large unless it is told to. */
const MAX_ROWS = 2 ** 26;

function whyUnreadable(rows: number, chunks: readonly ChunkMetadata[]): string | undefined {
  if (rows > MAX_ROWS) return `it has ${rows} rows, and no more than ${MAX_ROWS} are read at once`;
  return chunks.map(whyChunkUnreadable).find((reason) => reason !== undefined);
}

function whyChunkUnreadable({ codec, encodings, path }: ChunkMetadata): string | undefined {
  const [name] = path;
  if (!canDecompress(codec)) return `the column ${name} has the codec ${nameOf(CODEC, codec)}`;
  const unknown = encodings.find((encoding) => !READABLE_ENCODINGS.has(encoding));
  return unknown === undefined ? undefined : `the column ${name} has the encoding ${nameOf(ENCODING, unknown)}`;
}

function boundsOf(statistics: StatisticsMetadata | undefined): { min: number | undefined; max: number | undefined } {
  if (statistics === undefined) return { min: undefined, max: undefined };
  const { min, max, signedMin, signedMax, isMinExact, isMaxExact } = statistics;
  return {
    min: isMinExact ? timestampOf(min ?? signedMin) : undefined,
    max: isMaxExact ? timestampOf(max ?? signedMax) : undefined,
  };
}

function timestampOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== 8) return undefined;
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
  return Number.isSafeInteger(value) ? value : undefined;
}

import { changedFooter } from './append/changed-footer.ts';
import { DEFAULT_MERGE_POLICY } from './append/merge-policy.ts';
import { mergeGroups } from './compact/merge-groups.ts';
import { concatBytes } from './concat-bytes.ts';
import type { ParquetFile } from './parquet-file.ts';
import { assertReadable } from './read-tables.ts';
import type { Row } from './table-schema.ts';
import { DEFAULT_ENCODING, type EncodingOptions } from './write/chunk-writer.ts';
import { MAGIC, trailerOf } from './write/footer.ts';
import { encodeRowGroup } from './write/row-group-writer.ts';
import { CREATED_BY } from './write.ts';

export interface CompactOptions extends Partial<EncodingOptions> {
  /** Entries of the footer: those of the same name are replaced, others stay. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** Of each group but the last; without it, as many as append merges into one. */
  readonly rowGroupRows?: number;
  /** Rows of which it is false are left out. */
  readonly keepRow?: (row: Row) => boolean;
}

/**
 * The whole file anew, its rows in order from the first to the last: rows of one time in the order of the file. Its
 * columns are as they were.
 *
 * The bytes come a row group at a time. In memory are the row groups that overlap in time, and the one that is written.
 *
 * @throws UnsupportedParquetError when a row group cannot be read, before the first bytes
 * @throws CorruptParquetError
 */
export async function* compactParquet(file: ParquetFile, options: CompactOptions = {}): AsyncGenerator<Uint8Array> {
  const { metadata = new Map(), rowGroupRows = rowsOfTarget(file), keepRow } = options;
  assertReadable(file);
  yield MAGIC;
  const rowGroups: Uint8Array[] = [];
  let offset = MAGIC.length;
  let rows = 0;
  for await (const table of mergeGroups(file, rowGroupRows, keepRow)) {
    const place = { offset, ordinal: undefined };
    const group = encodeRowGroup(file.columns, table, place, { ...DEFAULT_ENCODING, ...options });
    yield concatBytes(group.parts);
    rowGroups.push(group.thrift);
    offset += group.bytes;
    rows += group.rows;
  }
  const footer = changedFooter(file.footer, { rows, rowGroups, metadata, createdBy: CREATED_BY });
  yield concatBytes([footer, trailerOf(footer)]);
}

/** As many as a row group of the target size has: fewer when rows are large. */
function rowsOfTarget({ rows, rowGroups }: ParquetFile): number {
  const { targetRows, targetBytes } = DEFAULT_MERGE_POLICY;
  const bytes = rowGroups.reduce((sum, group) => sum + group.bytes, 0);
  return bytes === 0 ? targetRows : Math.max(1, Math.min(targetRows, Math.floor((targetBytes * rows) / bytes)));
}

export interface CompactionPolicy {
  /** Of all rows, how many may be in row groups that begin before one in front of them ends. */
  readonly maxOverlap: number;
  /** Row groups may be this many times as many as the rows fill, and `spareGroups` more. */
  readonly maxGroupFactor: number;
  readonly spareGroups: number;
  /** That fill a row group. */
  readonly targetRows: number;
}

const DEFAULT_COMPACTION_POLICY: CompactionPolicy = {
  maxOverlap: 0.5,
  maxGroupFactor: 2,
  spareGroups: 64,
  targetRows: DEFAULT_MERGE_POLICY.targetRows,
};

/** Whether too many rows lie out of order over the whole file, or in too many row groups. Read from the footer alone. */
export function needsCompaction(
  { rows, rowGroups }: ParquetFile,
  policy: CompactionPolicy = DEFAULT_COMPACTION_POLICY,
): boolean {
  const { maxOverlap, maxGroupFactor, spareGroups, targetRows } = policy;
  if (rowGroups.length > maxGroupFactor * Math.ceil(rows / targetRows) + spareGroups) return true;
  let overlapping = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { rows: groupRows, min, max } of rowGroups) {
    // Nobody knows of groups that do not tell, and compaction makes them tell.
    if (min === undefined || max === undefined || min < end) overlapping += groupRows;
    end = Math.max(end, max ?? end);
  }
  return overlapping > maxOverlap * rows;
}

import { changedFooter } from './append/changed-footer.ts';
import { cutOf, DEFAULT_MERGE_POLICY, firstMerged, type MergePolicy } from './append/merge-policy.ts';
import { concatBytes } from './concat-bytes.ts';
import { UnsupportedParquetError } from './errors.ts';
import type { ParquetFile } from './parquet-file.ts';
import { columnNames, readRowGroups } from './read-tables.ts';
import { sortTable } from './sort-table.ts';
import type { Table } from './table.ts';
import { concatTables, splitTable } from './take-rows.ts';
import { DEFAULT_ENCODING, type EncodingOptions } from './write/chunk-writer.ts';
import { trailerOf } from './write/footer.ts';
import { type EncodedRowGroup, encodeRowGroup } from './write/row-group-writer.ts';

export interface AppendOptions extends Partial<EncodingOptions> {
  /** Entries of the footer: those of the same name are replaced, others stay. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** `never`: groups are only added. */
  readonly merge?: MergePolicy | 'never';
}

/** The new file: the first `keep` bytes of the old one, and then `tail`. */
export interface Rewrite {
  readonly keep: number;
  readonly tail: Uint8Array;
  /** Of the whole file, as are its row groups. */
  readonly rows: number;
  readonly rowGroups: number;
  /** Old rows that are in the tail once more, merged with new ones. */
  readonly merged: number;
}

/** The most that ordinals count to. */
const MAX_ORDINAL = 2 ** 15 - 1;

/**
 * Adds rows at the end of a file, sorted in row groups of their own; or, as the merge policy has it, in groups with the
 * last ones of the file. What is kept of the file stays byte for byte, with what its footer says of it.
 *
 * New pages and statistics are those that the file's own columns want, which may be OPTIONAL or in another order.
 *
 * @param table of the schema that the file was opened with
 * @throws InvalidValueError for a null in a column that holds none
 * @throws CorruptParquetError, UnsupportedParquetError when row groups that are to be merged cannot be read
 */
export async function appendToParquet(file: ParquetFile, table: Table, options: AppendOptions = {}): Promise<Rewrite> {
  const { metadata = new Map(), merge = DEFAULT_MERGE_POLICY } = options;
  const { rowGroups, footer, schema } = file;
  const first = merge === 'never' ? rowGroups.length : firstMerged(rowGroups, table.rows, merge);
  const kept = rowGroups.slice(0, first);
  const merged = rowGroups.slice(first);
  const keep = merged.length === 0 ? file.footerOffset : cutOf(merged);
  const indices = merged.map((_, index) => first + index);
  const tables = [...(await readRowGroups(file, indices, columnNames(schema))), table];
  const { targetRows } = merge === 'never' ? DEFAULT_MERGE_POLICY : merge;
  const groups = splitTable(sortTable(schema, concatTables(tables)), targetRows);
  const encoded = encodeGroups(file, groups, keep, first, { ...DEFAULT_ENCODING, ...options });
  const rows = file.rows + table.rows;
  const oldStructs = kept.map((group) => footer.bytes.subarray(group.metadata.thriftStart, group.metadata.thriftEnd));
  const structs = [...oldStructs, ...encoded.map(({ thrift }) => thrift)];
  const newFooter = changedFooter(footer, { rows, rowGroups: structs, metadata });
  return {
    keep,
    tail: concatBytes([...encoded.flatMap(({ parts }) => parts), newFooter, trailerOf(newFooter)]),
    rows,
    rowGroups: structs.length,
    merged: merged.reduce((sum, group) => sum + group.rows, 0),
  };
}

/**
 * @param offset of the first group in the file
 * @param first of its places among the row groups
 */
function encodeGroups(
  file: ParquetFile,
  tables: readonly Table[],
  offset: number,
  first: number,
  options: EncodingOptions,
): EncodedRowGroup[] {
  const hasOrdinals =
    file.rowGroups.length > 0 && file.rowGroups.every(({ metadata }) => metadata.ordinal !== undefined);
  const groups: EncodedRowGroup[] = [];
  let position = offset;
  for (const table of tables) {
    const place = first + groups.length;
    if (hasOrdinals && place > MAX_ORDINAL) {
      throw new UnsupportedParquetError(`the file has ${place} row groups, and numbers for no more: compact it first`);
    }
    const ordinal = hasOrdinals ? place : undefined;
    const group = encodeRowGroup(file.columns, table, { offset: position, ordinal }, options);
    groups.push(group);
    position += group.bytes;
  }
  return groups;
}

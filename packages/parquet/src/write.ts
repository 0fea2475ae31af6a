import { concatBytes } from './concat-bytes.ts';
import { physicalColumns } from './format/physical-column.ts';
import { sortTable } from './sort-table.ts';
import type { Table } from './table.ts';
import type { TableSchema } from './table-schema.ts';
import { DEFAULT_ENCODING, type EncodingOptions } from './write/chunk-writer.ts';
import { encodeFooter, MAGIC, trailerOf } from './write/footer.ts';
import { encodeRowGroup } from './write/row-group-writer.ts';

export interface WriteOptions extends Partial<EncodingOptions> {
  /** Entries of the footer, by name. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** The program that wrote the file, as the format wants it: `name version 1.2.3`. */
  readonly createdBy?: string;
}

export const CREATED_BY = 'millrace version 0.1.0';

/**
 * A whole file: a row group for each table that has rows, each sorted.
 *
 * Its profile is the one that every reader knows: footer and pages of version 1, PLAIN_DICTIONARY for texts and PLAIN
 * for numbers, Snappy; columns REQUIRED that are never null, and exact statistics.
 *
 * @throws InvalidValueError for a null in a column that holds none
 */
export function writeParquet(schema: TableSchema, tables: Iterable<Table>, options: WriteOptions = {}): Uint8Array {
  const { metadata = new Map(), createdBy = CREATED_BY } = options;
  const columns = physicalColumns(schema);
  const parts: Uint8Array[] = [MAGIC];
  const rowGroups: Uint8Array[] = [];
  let rows = 0;
  let offset = MAGIC.length;
  for (const table of tables) {
    if (table.rows === 0) continue;
    const place = { offset, ordinal: undefined };
    const group = encodeRowGroup(columns, sortTable(schema, table), place, { ...DEFAULT_ENCODING, ...options });
    parts.push(...group.parts);
    rowGroups.push(group.thrift);
    offset += group.bytes;
    rows += group.rows;
  }
  const footer = encodeFooter({ columns, rows, rowGroups, metadata, createdBy });
  return concatBytes([...parts, footer, trailerOf(footer)]);
}

/** The end of a file: the struct FileMetaData, its length, and the mark of the format. */

import type { PhysicalColumn } from '../format/physical-column.ts';
import { writeSchema } from '../format/physical-column.ts';
import { encodeStruct, type ThriftWriter } from '../thrift/writer.ts';

/** At both ends of a file. */
export const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

/** Bytes behind the footer's struct: its length, and the mark. */
export const TRAILER_BYTES = 8;

/** Of the struct FileMetaData. */
export const FOOTER_FIELD = {
  version: 1,
  schema: 2,
  rows: 3,
  rowGroups: 4,
  keyValues: 5,
  createdBy: 6,
  columnOrders: 7,
  encryptionAlgorithm: 8,
} as const;

export interface NewFooter {
  readonly columns: readonly PhysicalColumn[];
  readonly rows: number;
  /** Structs RowGroup. */
  readonly rowGroups: readonly Uint8Array[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly createdBy: string;
}

export function encodeFooter({ columns, rows, rowGroups, metadata, createdBy }: NewFooter): Uint8Array {
  return encodeStruct((footer) => {
    footer.i32(FOOTER_FIELD.version, 1);
    writeSchema(footer, FOOTER_FIELD.schema, columns);
    footer.i64(FOOTER_FIELD.rows, rows);
    footer.encodedList(FOOTER_FIELD.rowGroups, rowGroups);
    if (metadata.size > 0) footer.encodedList(FOOTER_FIELD.keyValues, [...metadata].map(encodeKeyValue));
    footer.binary(FOOTER_FIELD.createdBy, createdBy);
    writeColumnOrders(footer, columns.length);
  });
}

/** The order of each type: without it the bounds of the statistics have none, and readers leave them aside. */
export function writeColumnOrders(footer: ThriftWriter, columns: number): void {
  const orders = Array.from({ length: columns });
  footer.structList(FOOTER_FIELD.columnOrders, orders, (order) => order.struct(1, () => undefined));
}

/** The struct KeyValue. */
export function encodeKeyValue([key, value]: readonly [string, string]): Uint8Array {
  return encodeStruct((entry) => {
    entry.binary(1, key);
    entry.binary(2, value);
  });
}

/** What stands behind a footer's struct. */
export function trailerOf(footer: Uint8Array): Uint8Array {
  const trailer = new Uint8Array(TRAILER_BYTES);
  new DataView(trailer.buffer).setUint32(0, footer.length, true);
  trailer.set(MAGIC, TRAILER_BYTES - MAGIC.length);
  return trailer;
}

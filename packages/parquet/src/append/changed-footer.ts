import type { FileMetadata, FooterField } from '../read/file-metadata.ts';
import { encodeStruct, type ThriftWriter } from '../thrift/writer.ts';
import { encodeKeyValue, FOOTER_FIELD, writeColumnOrders } from '../write/footer.ts';

export interface FooterChange {
  readonly rows: number;
  /** All of them, as structs RowGroup. */
  readonly rowGroups: readonly Uint8Array[];
  /** Entries of the same name are replaced, others stay. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The program that wrote all of the row groups, and their statistics; without it, the file's programs stay. */
  readonly createdBy?: string;
}

/**
 * The footer of a file with other row groups. What does not change goes over byte for byte: what is read into values and
 * written again comes out with other types, and statistics that are off.
 */
export function changedFooter(footer: FileMetadata, change: FooterChange): Uint8Array {
  const { rows, rowGroups, metadata, createdBy } = change;
  const changes = new Map<number, (writer: ThriftWriter) => void>([
    [FOOTER_FIELD.rows, (writer) => writer.i64(FOOTER_FIELD.rows, rows)],
    [FOOTER_FIELD.rowGroups, (writer) => writer.encodedList(FOOTER_FIELD.rowGroups, rowGroups)],
  ]);
  if (metadata.size > 0) {
    const entries = changedEntries(footer, metadata);
    changes.set(FOOTER_FIELD.keyValues, (writer) => writer.encodedList(FOOTER_FIELD.keyValues, entries));
  }
  if (createdBy !== undefined) {
    changes.set(FOOTER_FIELD.createdBy, (writer) => writer.binary(FOOTER_FIELD.createdBy, createdBy));
    changes.set(FOOTER_FIELD.columnOrders, (writer) => writeColumnOrders(writer, footer.schema.length - 1));
  }
  const old = new Map(footer.fields.map((field) => [field.field, field]));
  const fields = [...new Set([...old.keys(), ...changes.keys()])].sort((a, b) => a - b);
  return encodeStruct((writer) => {
    for (const number of fields) {
      const [change, field] = [changes.get(number), old.get(number)];
      if (change !== undefined) change(writer);
      else if (field !== undefined) copyField(writer, footer.bytes, field);
    }
  });
}

function copyField(writer: ThriftWriter, bytes: Uint8Array, { field, type, start, end }: FooterField): void {
  writer.encoded(field, type, bytes.subarray(start, end));
}

function changedEntries({ bytes, keyValues }: FileMetadata, metadata: ReadonlyMap<string, string>): Uint8Array[] {
  const kept = keyValues.filter(({ key }) => !metadata.has(key));
  return [...kept.map(({ start, end }) => bytes.slice(start, end)), ...[...metadata].map(encodeKeyValue)];
}

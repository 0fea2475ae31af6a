/** What a footer says, of any file that Parquet allows. Whether we can do with it is asked elsewhere. */

import { CorruptParquetError } from '../errors.ts';
import { createThriftReader, type ThriftReader } from '../thrift/reader.ts';
import { FOOTER_FIELD } from '../write/footer.ts';
import { type RowGroupMetadata, readRowGroup } from './row-group-metadata.ts';
import { readSchemaElement, type SchemaElement } from './schema-element.ts';

export interface FileMetadata {
  /** The struct FileMetaData itself. */
  readonly bytes: Uint8Array;
  readonly fields: readonly FooterField[];
  /** The root first, and each element before its children. */
  readonly schema: readonly SchemaElement[];
  readonly rows: number;
  readonly rowGroups: readonly RowGroupMetadata[];
  readonly keyValues: readonly KeyValue[];
  readonly createdBy: string | undefined;
  readonly encrypted: boolean;
}

/** A field of the struct: its type, and where in `bytes` its value lies. */
export interface FooterField {
  readonly field: number;
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

interface KeyValue {
  readonly key: string;
  /** Some programs write keys alone. */
  readonly value: string | undefined;
  /** Where in the footer its struct lies. */
  readonly start: number;
  readonly end: number;
}

/** @throws CorruptParquetError */
export function readFileMetadata(bytes: Uint8Array): FileMetadata {
  const reader = createThriftReader(bytes, 'the footer');
  const fields: FooterField[] = [];
  const schema: SchemaElement[] = [];
  const rowGroups: RowGroupMetadata[] = [];
  const keyValues: KeyValue[] = [];
  let rows: number | undefined;
  let createdBy: string | undefined;

  function readField(field: number): void {
    if (field === FOOTER_FIELD.schema) reader.list(() => schema.push(readSchemaElement(reader)));
    else if (field === FOOTER_FIELD.rows) rows = reader.integer();
    else if (field === FOOTER_FIELD.rowGroups) reader.list(() => rowGroups.push(readRowGroup(reader)));
    else if (field === FOOTER_FIELD.keyValues) reader.list(() => keyValues.push(readKeyValue(reader)));
    else if (field === FOOTER_FIELD.createdBy) createdBy = reader.text();
    else reader.skip();
  }

  reader.struct((field) => {
    const { position: start, type } = reader;
    if (fields.some((other) => other.field === field)) {
      throw new CorruptParquetError(`the footer is damaged: it has the field ${field} twice`);
    }
    readField(field);
    fields.push({ field, type, start, end: reader.position });
  });
  if (reader.position !== bytes.length) {
    throw new CorruptParquetError(`the footer has ${bytes.length} bytes, of which it fills ${reader.position}`);
  }
  if (schema.length === 0 || rows === undefined || !fields.some(({ field }) => field === FOOTER_FIELD.rowGroups)) {
    throw new CorruptParquetError('the footer is damaged: it lacks the schema, the rows or the row groups');
  }
  const encrypted = fields.some(({ field }) => field === FOOTER_FIELD.encryptionAlgorithm);
  return { bytes, fields, schema, rows, rowGroups, keyValues, createdBy, encrypted };
}

function readKeyValue(reader: ThriftReader): KeyValue {
  const start = reader.position;
  let key = '';
  let value: string | undefined;
  reader.struct((field) => {
    if (field === 1) key = reader.text();
    else if (field === 2) value = reader.text();
  });
  return { key, value, start, end: reader.position };
}

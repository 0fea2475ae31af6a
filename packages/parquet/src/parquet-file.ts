import type { ByteSource } from './byte-source.ts';
import { concatBytes } from './concat-bytes.ts';
import { CorruptParquetError, UnsupportedParquetError } from './errors.ts';
import type { PhysicalColumn } from './format/physical-column.ts';
import { readRange } from './read/byte-ranges.ts';
import { type FileMetadata, readFileMetadata } from './read/file-metadata.ts';
import { matchSchema } from './read/match-schema.ts';
import { checkedRowGroups, type RowGroup } from './read/row-group.ts';
import type { TableSchema } from './table-schema.ts';
import { MAGIC, TRAILER_BYTES } from './write/footer.ts';

/** A file whose footer was read and fits a table. Nothing of it was found wrong that can be found without its pages. */
export interface ParquetFile {
  readonly source: ByteSource;
  readonly schema: TableSchema;
  readonly rows: number;
  readonly rowGroups: readonly RowGroup[];
  /** Entries of the footer, by name. Of two with one name it is the last. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The program that began the file. */
  readonly createdBy: string | undefined;
  /** In the order of the file. */
  readonly columns: readonly PhysicalColumn[];
  readonly footer: FileMetadata;
  /** Of the footer's first byte. */
  readonly footerOffset: number;
}

/** Enough for the footer of a file of 60 row groups. */
const TAIL_BYTES = 65_536;
const ENCRYPTED_MAGIC = 'PARE';

/**
 * Reads the end of a file, and checks that it is whole and that it holds such a table.
 *
 * @throws CorruptParquetError when it is damaged, cut off, or no Parquet file
 * @throws UnsupportedParquetError when it holds something else, or is written in a way that is not known here
 */
export async function openParquet(source: ByteSource, schema: TableSchema): Promise<ParquetFile> {
  const { size } = source;
  if (size < MAGIC.length + TRAILER_BYTES)
    throw new CorruptParquetError(`the file has ${size} bytes: it is no Parquet`);
  const tail = await readRange(source, Math.max(0, size - TAIL_BYTES), size);
  const footerOffset = size - TRAILER_BYTES - footerLength(tail, size);
  if (tail.length === size && !startsAsParquet(tail)) {
    throw new CorruptParquetError('the file does not begin as Parquet does');
  }
  const missing = await readRange(source, footerOffset, Math.max(footerOffset, size - tail.length));
  const footerInTail = tail.subarray(Math.max(0, footerOffset - (size - tail.length)), -TRAILER_BYTES);
  const footer = readFileMetadata(concatBytes([missing, footerInTail]));
  if (footer.encrypted) throw new UnsupportedParquetError('the file is encrypted');
  const columns = matchSchema(footer.schema, schema);
  return {
    source,
    schema,
    rows: footer.rows,
    rowGroups: checkedRowGroups(footer, columns, schema, footerOffset),
    metadata: new Map(footer.keyValues.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]]))),
    createdBy: footer.createdBy,
    columns,
    footer,
    footerOffset,
  };
}

function startsAsParquet(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0;
}

/** @param tail the last bytes of a file of `size` bytes */
function footerLength(tail: Uint8Array, size: number): number {
  const magic = tail.subarray(-MAGIC.length);
  if (Buffer.compare(magic, MAGIC) !== 0) {
    if (Buffer.from(magic).toString('latin1') === ENCRYPTED_MAGIC) {
      throw new UnsupportedParquetError('the file is encrypted');
    }
    throw new CorruptParquetError('the file does not end as Parquet does: it is cut off, or something else');
  }
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  const length = view.getUint32(tail.length - TRAILER_BYTES, true);
  if (length > size - MAGIC.length - TRAILER_BYTES) {
    throw new CorruptParquetError(`the file tells of a footer of ${length} bytes, and has ${size}`);
  }
  return length;
}

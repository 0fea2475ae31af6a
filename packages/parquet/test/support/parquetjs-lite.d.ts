/** What tests use of it; it has no types of its own. */
declare module 'parquetjs-lite' {
  import type { Writable } from 'node:stream';

  interface Field {
    readonly type: 'UTF8' | 'INT32' | 'INT64' | 'DOUBLE' | 'TIMESTAMP_MICROS' | 'TIMESTAMP_MILLIS';
    readonly optional?: boolean;
    readonly compression?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP';
  }

  class ParquetSchema {
    constructor(fields: Readonly<Record<string, Field>>);
  }

  class ParquetWriter {
    static openStream(schema: ParquetSchema, stream: Writable, options?: object): Promise<ParquetWriter>;
    setRowGroupSize(rows: number): void;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }

  interface ParquetCursor {
    next(): Promise<Record<string, unknown> | null>;
  }

  class ParquetReader {
    static openBuffer(buffer: Buffer): Promise<ParquetReader>;
    getRowCount(): { valueOf(): number };
    getCursor(): ParquetCursor;
    close(): Promise<void>;
  }

  const parquet: {
    ParquetSchema: typeof ParquetSchema;
    ParquetWriter: typeof ParquetWriter;
    ParquetReader: typeof ParquetReader;
  };
  export default parquet;
}

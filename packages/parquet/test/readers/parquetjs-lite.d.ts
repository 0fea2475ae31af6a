/** What is used of parquetjs-lite, which has no types of its own. */

declare module 'parquetjs-lite' {
  interface Field {
    readonly type: string;
    readonly compression?: string;
    readonly encoding?: string;
    readonly optional?: boolean;
  }

  export class ParquetSchema {
    constructor(fields: Readonly<Record<string, Field>>);
  }

  interface WriterOptions {
    readonly rowGroupSize?: number;
    readonly useDataPageV2?: boolean;
  }

  export class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string, options?: WriterOptions): Promise<ParquetWriter>;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }

  interface Cursor {
    /** Null after the last. Columns that are null are left out. */
    next(): Promise<Record<string, unknown> | null>;
  }

  export class ParquetReader {
    static openBuffer(buffer: Buffer): Promise<ParquetReader>;
    getCursor(columns?: readonly string[]): Cursor;
    getRowCount(): number;
    close(): Promise<void>;
  }

  const parquet: {
    readonly ParquetSchema: typeof ParquetSchema;
    readonly ParquetWriter: typeof ParquetWriter;
    readonly ParquetReader: typeof ParquetReader;
  };
  export default parquet;
}

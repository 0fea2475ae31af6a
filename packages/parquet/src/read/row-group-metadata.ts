import type { ThriftReader } from '../thrift/reader.ts';

/** The struct RowGroup, and where it lies. */
export interface RowGroupMetadata {
  readonly chunks: readonly ChunkMetadata[];
  readonly rows: number;
  readonly ordinal: number | undefined;
  /** In the footer. */
  readonly thriftStart: number;
  readonly thriftEnd: number;
}

/** The struct ColumnChunk, with its ColumnMetaData. Offsets and lengths are those of the file, in bytes. */
export interface ChunkMetadata {
  /** Of the file that has the column's pages, when it is not this one. */
  readonly filePath: string | undefined;
  readonly encrypted: boolean;
  /** False when there is no ColumnMetaData. */
  readonly described: boolean;
  readonly type: number;
  readonly encodings: readonly number[];
  readonly path: readonly string[];
  readonly codec: number;
  /** Nulls are counted. */
  readonly values: number;
  readonly bytes: number;
  readonly dataPageOffset: number;
  readonly dictionaryPageOffset: number | undefined;
  readonly statistics: StatisticsMetadata | undefined;
  /** Page indexes and bloom filters, which lie outside of the chunk. */
  readonly attachments: readonly number[];
}

export interface StatisticsMetadata {
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
  /** The bounds in the deprecated fields, whose order is that of signed numbers. */
  readonly signedMin: Uint8Array | undefined;
  readonly signedMax: Uint8Array | undefined;
  readonly nulls: number | undefined;
  readonly isMinExact: boolean;
  readonly isMaxExact: boolean;
}

export function readRowGroup(reader: ThriftReader): RowGroupMetadata {
  const thriftStart = reader.position;
  const chunks: ChunkMetadata[] = [];
  let rows = -1;
  let ordinal: number | undefined;
  reader.struct((field) => {
    if (field === 1) reader.list(() => chunks.push(readChunk(reader)));
    else if (field === 3) rows = reader.integer();
    else if (field === 7) ordinal = reader.integer();
  });
  return { chunks, rows, ordinal, thriftStart, thriftEnd: reader.position };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function readChunk(reader: ThriftReader): ChunkMetadata {
  const attachments: number[] = [];
  const chunk: Mutable<ChunkMetadata> = {
    filePath: undefined,
    encrypted: false,
    described: false,
    type: -1,
    encodings: [],
    path: [],
    codec: -1,
    values: -1,
    bytes: -1,
    dataPageOffset: -1,
    dictionaryPageOffset: undefined,
    statistics: undefined,
    attachments,
  };
  reader.struct((field) => {
    if (field === 1) chunk.filePath = reader.text();
    else if (field === 3) readColumnMetadata(reader, chunk, attachments);
    // OffsetIndex and ColumnIndex.
    else if (field === 4 || field === 6) attachments.push(reader.integer());
    else if (field === 8 || field === 9) chunk.encrypted = true;
  });
  return chunk;
}

function readColumnMetadata(reader: ThriftReader, chunk: Mutable<ChunkMetadata>, attachments: number[]): void {
  chunk.described = true;
  const encodings: number[] = [];
  const path: string[] = [];
  chunk.encodings = encodings;
  chunk.path = path;
  reader.struct((field) => {
    switch (field) {
      case 1:
        chunk.type = reader.integer();
        break;
      case 2:
        reader.list(() => encodings.push(reader.integer()));
        break;
      case 3:
        reader.list(() => path.push(reader.text()));
        break;
      case 4:
        chunk.codec = reader.integer();
        break;
      case 5:
        chunk.values = reader.integer();
        break;
      case 7:
        chunk.bytes = reader.integer();
        break;
      case 9:
        chunk.dataPageOffset = reader.integer();
        break;
      case 11:
        chunk.dictionaryPageOffset = reader.integer();
        break;
      case 12:
        chunk.statistics = readStatistics(reader);
        break;
      case 14:
        // The bloom filter.
        attachments.push(reader.integer());
        break;
      default:
    }
  });
}

function readStatistics(reader: ThriftReader): StatisticsMetadata {
  const statistics: Mutable<StatisticsMetadata> = {
    min: undefined,
    max: undefined,
    signedMin: undefined,
    signedMax: undefined,
    nulls: undefined,
    isMinExact: true,
    isMaxExact: true,
  };
  reader.struct((field) => {
    if (field === 1) statistics.signedMax = reader.binary();
    else if (field === 2) statistics.signedMin = reader.binary();
    else if (field === 3) statistics.nulls = reader.integer();
    else if (field === 5) statistics.max = reader.binary();
    else if (field === 6) statistics.min = reader.binary();
    else if (field === 7) statistics.isMaxExact = reader.bool();
    else if (field === 8) statistics.isMinExact = reader.bool();
  });
  return statistics;
}

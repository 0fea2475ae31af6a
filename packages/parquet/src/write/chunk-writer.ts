import type { Codec } from '../encoding/compression.ts';
import { PHYSICAL_TYPE } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import type { ColumnData } from '../table.ts';
import type { EncodedChunk } from './encoded-chunk.ts';
import { encodeNumberChunk } from './number-chunk-writer.ts';
import { encodeStringChunk } from './string-chunk-writer.ts';

export interface EncodingOptions {
  readonly codec: Codec;
  /** `delta` is DELTA_BINARY_PACKED: a third of the size, but not every reader knows it. */
  readonly timestamps: 'plain' | 'delta';
}

/** Snappy and PLAIN, which every reader knows. */
export const DEFAULT_ENCODING: EncodingOptions = { codec: 'snappy', timestamps: 'plain' };

/** @throws InvalidValueError for a null in a column that the file has as REQUIRED */
export function encodeChunk(column: PhysicalColumn, data: ColumnData, options: EncodingOptions): EncodedChunk {
  const { spec, type } = column;
  if (type === PHYSICAL_TYPE.BYTE_ARRAY && data.kind === 'string') {
    return encodeStringChunk(column, data, options.codec);
  }
  if (type !== PHYSICAL_TYPE.BYTE_ARRAY && data.kind === 'number') {
    const isDelta = spec.type === 'timestamp' && options.timestamps === 'delta';
    return encodeNumberChunk(column, type, data, options.codec, isDelta);
  }
  throw new RangeError(`the table's column ${spec.name} is one of ${data.kind}s`);
}

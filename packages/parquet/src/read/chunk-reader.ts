/** The values of a column chunk. */

import { CorruptParquetError, placedError, UnsupportedParquetError } from '../errors.ts';
import { PHYSICAL_TYPE } from '../format/constants.ts';
import type { PhysicalColumn } from '../format/physical-column.ts';
import type { ColumnData } from '../table.ts';
import type { ChunkPages } from './chunk-pages.ts';
import { createNumberPages } from './number-pages.ts';
import { type ChunkBytes, pagesOf } from './pages.ts';
import { createTextPages } from './text-pages.ts';

/**
 * @param bytes of the chunk's pages
 * @throws CorruptParquetError, UnsupportedParquetError
 */
export function readChunk(column: PhysicalColumn, codec: number, bytes: Uint8Array, rows: number): ColumnData {
  const { spec, type, optional } = column;
  const pages = type === PHYSICAL_TYPE.BYTE_ARRAY ? createTextPages(rows) : createNumberPages(spec.type, type, rows);
  try {
    const validity = readPages({ bytes, codec, optional, rows }, pages);
    if (validity !== undefined && !spec.nullable) {
      throw new UnsupportedParquetError('it has nulls, where the table has none');
    }
    return pages.build(validity);
  } catch (error) {
    throw placedError(`the column ${spec.name}`, error);
  }
}

/** @returns 1 for each row that has a value; undefined when all have one */
function readPages(chunk: ChunkBytes, target: ChunkPages): Uint8Array | undefined {
  const { rows } = chunk;
  let validity: Uint8Array | undefined;
  let row = 0;
  for (const page of pagesOf(chunk)) {
    if (page.kind === 'dictionary') {
      target.readDictionary(page);
      continue;
    }
    if (page.rows > rows - row) throw new CorruptParquetError(`there are more than ${rows} values`);
    const end = target.readValues(page, row);
    if (end !== page.bytes.length) {
      throw new CorruptParquetError(`a page has ${page.bytes.length} bytes, and values in ${end} of them`);
    }
    if (page.validity !== undefined) {
      validity ??= new Uint8Array(rows).fill(1);
      validity.set(page.validity, row);
      spread(target, row, page.validity, page.present);
    }
    row += page.rows;
  }
  if (row !== rows) throw new CorruptParquetError(`there are ${row} values for ${rows} rows`);
  return validity;
}

/** Moves the values of a page from its beginning to the rows that have one. */
function spread({ values, nullValue }: ChunkPages, row: number, validity: Uint8Array, present: number): void {
  let from = row + present;
  for (let index = validity.length - 1; index >= 0; index -= 1) {
    if (validity[index] === 1) {
      from -= 1;
      values[row + index] = values[from] ?? nullValue;
    } else values[row + index] = nullValue;
  }
}

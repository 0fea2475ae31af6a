import type { ColumnData } from '../table.ts';
import type { DataPage, DictionaryPage } from './pages.ts';

/** What is made of the pages of a chunk. */
export interface ChunkPages {
  readDictionary(page: DictionaryPage): void;
  /**
   * Reads the values that are present, one after the other, from `row` on.
   *
   * @returns the position behind them in the page
   */
  readValues(page: DataPage, row: number): number;
  /** Where the values are, and what stands there for a null. */
  readonly values: Int32Array | Float64Array;
  readonly nullValue: number;
  /** @param validity undefined when there are no nulls */
  build(validity: Uint8Array | undefined): ColumnData;
}

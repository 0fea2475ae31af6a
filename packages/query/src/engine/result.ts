/** Rows of a result, block by block. */

import type { DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';

export interface ResultColumn {
  /** Different from those of the other columns. */
  readonly name: string;
  readonly type: DuckDBType;
}

/** Some rows, column by column: `block[column][row]`. */
export type Block = readonly (readonly DuckDBValue[])[];

export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  /** Can be gone through once. */
  readonly blocks: AsyncIterable<Block>;
}

export function toQueryResult(result: DuckDBResult): QueryResult {
  const types = result.columnTypes();
  const columns = result.deduplicatedColumnNames().map((name, index): ResultColumn => {
    const type = types[index];
    if (type === undefined) throw new Error(`the column ${name} has no type`);
    return { name, type };
  });
  return { columns, blocks: fetchBlocks(result) };
}

async function* fetchBlocks(result: DuckDBResult): AsyncGenerator<Block> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getColumns();
  }
}

/** The first rows of a result. `onMore` is called when there are others behind them. */
export function firstRows(result: QueryResult, limit: number, onMore: () => void): QueryResult {
  return { ...result, blocks: takeRows(result.blocks, limit, onMore) };
}

async function* takeRows(blocks: AsyncIterable<Block>, limit: number, onMore: () => void): AsyncGenerator<Block> {
  let left = limit;
  for await (const block of blocks) {
    const rows = rowCount(block);
    if (rows > left) {
      if (left > 0) yield block.map((values) => values.slice(0, left));
      return onMore();
    }
    yield block;
    left -= rows;
  }
}

export function rowCount(block: Block): number {
  return block[0]?.length ?? 0;
}

/** The rows of a block, one after the other. */
export function* rowsOf(block: Block): Generator<readonly DuckDBValue[]> {
  for (let row = 0; row < rowCount(block); row += 1) yield block.map((values) => values[row] ?? null);
}

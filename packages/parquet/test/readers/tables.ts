/** Rows of visit events on their way into a file, and out of the lines of one. */

import { createTableBuilder, type Row, type Table, type Value } from '../../src/index.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import { COLUMN_NAMES } from './visit-events.ts';

/** Rows of a row group of a file that has many. */
const ROW_GROUP_ROWS = 131_072;

/** Tables of as many rows as a row group has, each made when it is asked for. */
export function* tablesOf(rows: Iterable<Row>): Generator<Table> {
  let builder = createTableBuilder(VISIT_SCHEMA);
  for (const row of rows) {
    builder.add(row);
    if (builder.rows < ROW_GROUP_ROWS) continue;
    yield builder.build();
    builder = createTableBuilder(VISIT_SCHEMA);
  }
  if (builder.rows > 0) yield builder.build();
}

/** One table. */
export function tableOf(rows: Iterable<Row>): Table {
  const builder = createTableBuilder(VISIT_SCHEMA);
  for (const row of rows) builder.add(row);
  return builder.build();
}

export function lineOf(row: Row): string {
  return JSON.stringify(Object.fromEntries(COLUMN_NAMES.map((name, index) => [name, row[index]])));
}

export function* rowsOfLines(text: string): Generator<Row> {
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const record: Record<string, Value> = JSON.parse(line);
    yield COLUMN_NAMES.map((name) => record[name] ?? null);
  }
}

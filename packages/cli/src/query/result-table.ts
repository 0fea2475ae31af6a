/** A result as a table for people. */

import { isNumeric, type QueryResult, type ResultColumn, rowsOf, toText } from '@millrace/query';
import type { Io } from '../io.ts';
import { cleanText } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

type Value = Parameters<typeof toText>[0] | null;
type Row = readonly Value[];

const LEAST_WIDTH = 8;
/** Of a fraction: what a measured share or time can mean. */
const DIGITS = 6;
const NULL = 'null';

/** @param width of the terminal; undefined when it is not for one */
export async function renderResultTable(io: Io, result: QueryResult, width: number | undefined): Promise<string> {
  const rows: Row[] = [];
  for await (const block of result.blocks) rows.push(...rowsOf(block));
  if (rows.length === 0) return 'no rows\n';
  const style = styleFor(io.stdout, io.env);
  const paintNull = (cell: string, isNull: boolean) => (isNull ? style('dim', cell) : cell);
  const columns = result.columns.map(
    (column, index): Column<Row> => ({
      title: cleanText(column.name).toUpperCase(),
      text: (row) => cellText(row[index] ?? null),
      paint: (cell, row) => paintNull(cell, row[index] === null),
      ...layoutOf(column, index),
    }),
  );
  return renderTable(columns, rows, { width, paintTitle: (title) => style('bold', title) });
}

/** Texts may be cut, the first ones last; numbers never. */
function layoutOf({ type }: ResultColumn, index: number): Pick<Column<Row>, 'align' | 'shrink'> {
  if (isNumeric(type)) return { align: 'right' };
  return { shrink: { to: LEAST_WIDTH, keep: 'ends', order: -index } };
}

function cellText(value: Value): string {
  if (value === null) return NULL;
  const isFraction = typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value);
  return isFraction ? String(Number(value.toPrecision(DIGITS))) : cleanText(toText(value));
}

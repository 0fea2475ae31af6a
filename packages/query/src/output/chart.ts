/** A result of two columns as a drawing of text: a line over time or numbers, bars for everything else. */

import {
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { type QueryResult, type ResultColumn, rowsOf } from '../engine/result.ts';
import { ChartError } from '../errors.ts';
import { type Bar, renderBars } from './bars.ts';
import { type AxisKind, renderLine } from './line.ts';
import { isNumeric, toNumber, toText } from './values.ts';

export interface ChartOptions {
  /** Characters of a line of the terminal. */
  readonly width: number;
  /** Makes a text from elsewhere safe for a terminal. */
  readonly clean: (text: string) => string;
  /** The two columns of a result of more: by their names. */
  readonly columns?: readonly [x: string, y: string] | undefined;
}

/** @throws ChartError when there are not two columns, or the second has no numbers */
export async function chartText(result: QueryResult, options: ChartOptions): Promise<string> {
  const [x, y] = chosenColumns(result.columns, options.columns);
  const xAt = result.columns.indexOf(x);
  const yAt = result.columns.indexOf(y);
  if (!isNumeric(y.type)) throw new ChartError(`a chart needs numbers: ${y.name} is ${String(y.type)}`);
  const points: [DuckDBValue, number | undefined][] = [];
  for await (const block of result.blocks) {
    for (const row of rowsOf(block)) points.push([row[xAt] ?? null, toNumber(row[yAt] ?? null)]);
  }
  const title = options.clean(`${y.name} by ${x.name}`);
  const axis = axisOf(x.type);
  const line = axis === undefined ? [] : toLine(points);
  // One point makes no line.
  if (axis !== undefined && line.length > 1) return renderLine(line, { title, axis, width: options.width });
  const bars = points.map(([label, value]): Bar => ({ label: options.clean(labelOf(label)), value }));
  return renderBars(bars, { title, width: options.width });
}

function chosenColumns(
  columns: readonly ResultColumn[],
  names: readonly [string, string] | undefined,
): readonly [ResultColumn, ResultColumn] {
  const [x, y, more] =
    names === undefined ? columns : names.map((name) => columns.find((known) => known.name === name));
  if (x === undefined || y === undefined || more !== undefined) {
    throw new ChartError(`a chart needs two columns, a label or a time and then a number: there are ${columns.length}`);
  }
  return [x, y];
}

const { DATE, TIMESTAMP, TIMESTAMP_TZ } = DuckDBTypeId;

function axisOf(type: DuckDBType): AxisKind | undefined {
  if (isNumeric(type)) return 'number';
  const { typeId } = type;
  if (typeId === DATE) return 'day';
  return typeId === TIMESTAMP || typeId === TIMESTAMP_TZ ? 'time' : undefined;
}

/** From left to right; points that lack one of their values are left out. */
function toLine(points: readonly (readonly [DuckDBValue, number | undefined])[]): [number, number][] {
  return points
    .flatMap(([value, y]): [number, number][] => {
      const x = toAxis(value);
      return x === undefined || y === undefined ? [] : [[x, y]];
    })
    .toSorted(([a], [b]) => a - b);
}

const DAY_MS = 86_400_000;

/** A number; of a time, milliseconds. */
function toAxis(value: DuckDBValue): number | undefined {
  if (value instanceof DuckDBDateValue) return value.isFinite ? value.days * DAY_MS : undefined;
  const isTime = value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue;
  if (isTime) return value.isFinite ? Number(value.micros) / 1_000 : undefined;
  return toNumber(value);
}

function labelOf(value: DuckDBValue): string {
  return value === null ? '(null)' : toText(value);
}

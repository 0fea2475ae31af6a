/** Tables made of the rows of others. */

import { type ColumnData, NULL_INDEX, type NumberColumn, type StringColumn, type Table } from './table.ts';

/** Rows `start` to `end` of a table. */
export interface Slice {
  readonly table: Table;
  readonly start: number;
  readonly end: number;
}

/** The rows of a table at the places of `order`, in that order. */
export function takeRows(table: Table, order: Int32Array): Table {
  return { rows: order.length, columns: table.columns.map((column) => takeValues(column, order)) };
}

function takeValues(column: ColumnData, order: Int32Array): ColumnData {
  if (column.kind === 'string') {
    const indices = new Int32Array(order.length);
    for (let row = 0; row < order.length; row += 1) indices[row] = column.indices[order[row] ?? 0] ?? NULL_INDEX;
    return { kind: 'string', dictionary: column.dictionary, indices };
  }
  const values = new Float64Array(order.length);
  for (let row = 0; row < order.length; row += 1) values[row] = column.values[order[row] ?? 0] ?? 0;
  const { validity } = column;
  return { kind: 'number', values, validity: validity && Uint8Array.from(order, (place) => validity[place] ?? 0) };
}

/** The rows of all tables, one after the other. They are of one schema. */
export function concatTables(tables: readonly Table[]): Table {
  const [only] = tables;
  if (only !== undefined && tables.length === 1) return only;
  return concatSlices(tables.map((table) => ({ table, start: 0, end: table.rows })));
}

/** Consecutive parts of about `rows` rows, of nearly one size; none of a table without rows. */
export function splitTable(table: Table, rows: number): Table[] {
  if (table.rows === 0) return [];
  const parts = Math.max(1, Math.round(table.rows / rows));
  if (parts === 1) return [table];
  const bounds = Array.from({ length: parts + 1 }, (_, part) => Math.round((part * table.rows) / parts));
  return bounds.slice(1).map((end, part) => concatSlices([{ table, start: bounds[part] ?? 0, end }]));
}

/** The rows of all slices, one after the other. Their tables are of one schema. */
export function concatSlices(slices: readonly Slice[]): Table {
  const [first] = slices;
  if (first === undefined) throw new RangeError('there is nothing to put together');
  const rows = slices.reduce((sum, { start, end }) => sum + end - start, 0);
  return { rows, columns: first.table.columns.map((_, index) => concatColumn(slices, index, rows)) };
}

function concatColumn(slices: readonly Slice[], index: number, rows: number): ColumnData {
  const columns = slices.map(({ table }) => table.columns[index]);
  if (columns.every(isString)) return concatStrings(slices, columns, rows);
  if (columns.every(isNumber)) return concatNumbers(slices, columns, rows);
  throw new RangeError('the tables are not of one schema');
}

function isString(column: ColumnData | undefined): column is StringColumn {
  return column?.kind === 'string';
}

function isNumber(column: ColumnData | undefined): column is NumberColumn {
  return column?.kind === 'number';
}

function concatStrings(slices: readonly Slice[], columns: readonly StringColumn[], rows: number): StringColumn {
  const indices = new Int32Array(rows);
  const dictionaries = new Set(columns.map(({ dictionary }) => dictionary));
  const [only] = dictionaries;
  const joint = dictionaries.size === 1 ? undefined : createJointDictionary();
  let target = 0;
  for (const [slice, column] of columns.entries()) {
    const { start, end } = slices[slice] ?? { start: 0, end: 0 };
    if (joint === undefined) indices.set(column.indices.subarray(start, end), target);
    else joint.translate(column, start, end, indices, target);
    target += end - start;
  }
  return { kind: 'string', dictionary: joint?.texts ?? only ?? [], indices };
}

/** In a translation: not looked up so far. */
const UNKNOWN = -2;

/** One dictionary of the texts of several columns that are used. */
function createJointDictionary() {
  const texts: string[] = [];
  const places = new Map<string, number>();
  /** For each dictionary the places of its texts in the joint one. */
  const translations = new Map<readonly string[], Int32Array>();

  function translationOf(dictionary: readonly string[]): Int32Array {
    const known = translations.get(dictionary);
    if (known !== undefined) return known;
    const translation = new Int32Array(dictionary.length).fill(UNKNOWN);
    translations.set(dictionary, translation);
    return translation;
  }

  function placeOf(text: string): number {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, texts.length);
    return texts.push(text) - 1;
  }

  return {
    texts,
    /** Writes the places of the column's rows `start` to `end` into `indices`, from `target`. */
    translate(column: StringColumn, start: number, end: number, indices: Int32Array, target: number): void {
      const translation = translationOf(column.dictionary);
      for (let row = start, to = target; row < end; row += 1, to += 1) {
        const place = column.indices[row] ?? NULL_INDEX;
        let joint = place === NULL_INDEX ? NULL_INDEX : (translation[place] ?? UNKNOWN);
        if (joint === UNKNOWN) {
          joint = placeOf(column.dictionary[place] ?? '');
          translation[place] = joint;
        }
        indices[to] = joint;
      }
    },
  };
}

function concatNumbers(slices: readonly Slice[], columns: readonly NumberColumn[], rows: number): NumberColumn {
  const values = new Float64Array(rows);
  const validity = columns.some((column) => column.validity !== undefined) ? new Uint8Array(rows).fill(1) : undefined;
  let target = 0;
  for (const [slice, column] of columns.entries()) {
    const { start, end } = slices[slice] ?? { start: 0, end: 0 };
    values.set(column.values.subarray(start, end), target);
    if (column.validity !== undefined) validity?.set(column.validity.subarray(start, end), target);
    target += end - start;
  }
  return { kind: 'number', values, validity };
}

import { InvalidValueError } from './errors.ts';
import { type ColumnData, NULL_INDEX, type Table } from './table.ts';
import type { ColumnSpec, ColumnType, Row, TableSchema, Value } from './table-schema.ts';

export interface TableBuilder {
  /**
   * A row that is refused leaves the table as it was.
   *
   * @throws InvalidValueError for the first value that its column cannot hold
   * @throws RangeError when there are not as many values as columns
   */
  add(row: Row): void;
  readonly rows: number;
  /** What was added so far, in that order. The builder may be used on. */
  build(): Table;
}

interface ColumnBuilder {
  /** A value that `valueProblem` has nothing against. */
  add(value: Value): void;
  build(): ColumnData;
}

const FIRST_CAPACITY = 1_024;
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

export function createTableBuilder(schema: TableSchema): TableBuilder {
  const columns = schema.columns.map((spec) => ({ spec, builder: columnBuilder(spec.type) }));
  let rows = 0;
  return {
    add(row) {
      if (row.length !== columns.length) {
        throw new RangeError(`a row has ${row.length} values, the schema ${columns.length} columns`);
      }
      let place = 0;
      for (const { spec } of columns) {
        const problem = valueProblem(spec, row[place]);
        if (problem !== undefined) throw new InvalidValueError(spec.name, problem);
        place += 1;
      }
      place = 0;
      for (const { builder } of columns) {
        builder.add(row[place] ?? null);
        place += 1;
      }
      rows += 1;
    },
    get rows() {
      return rows;
    },
    build: () => ({ rows, columns: columns.map(({ builder }) => builder.build()) }),
  };
}

/** @returns words that follow the column's name; undefined for a value that the column holds */
function valueProblem({ type, nullable }: ColumnSpec, value: Value | undefined): string | undefined {
  if (value === null) return nullable ? undefined : 'is null, but the column holds no nulls';
  if (type === 'string') {
    if (typeof value !== 'string') return `is ${described(value)}, not a text`;
    return value.isWellFormed() ? undefined : 'holds half of a surrogate pair';
  }
  if (typeof value !== 'number') return `is ${described(value)}, not a number`;
  return numberProblem(type, value);
}

function numberProblem(type: Exclude<ColumnType, 'string'>, value: number): string | undefined {
  if (type === 'double') return Number.isFinite(value) ? undefined : `is ${value}, not a finite number`;
  if (!Number.isInteger(value)) return `is ${value}, not a whole number`;
  if (type === 'int32') {
    return value >= INT32_MIN && value <= INT32_MAX ? undefined : `is ${value}, more than 32 bits hold`;
  }
  return Number.isSafeInteger(value) ? undefined : `is ${value}, not exact as a number of microseconds`;
}

function described(value: unknown): string {
  return value === undefined ? 'missing' : `a ${typeof value}`;
}

function columnBuilder(type: ColumnType): ColumnBuilder {
  if (type === 'string') return stringBuilder();
  return numberBuilder(type);
}

function stringBuilder(): ColumnBuilder {
  const places = new Map<string, number>();
  let indices = new Int32Array(FIRST_CAPACITY);
  let rows = 0;

  function placeOf(text: string): number {
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  }

  return {
    add(value) {
      if (rows === indices.length) {
        const larger = new Int32Array(2 * rows);
        larger.set(indices);
        indices = larger;
      }
      indices[rows] = typeof value === 'string' ? placeOf(value) : NULL_INDEX;
      rows += 1;
    },
    build: () => ({ kind: 'string', dictionary: [...places.keys()], indices: indices.slice(0, rows) }),
  };
}

function numberBuilder(type: Exclude<ColumnType, 'string'>): ColumnBuilder {
  let values = new Float64Array(FIRST_CAPACITY);
  let validity = new Uint8Array(FIRST_CAPACITY);
  let rows = 0;
  let nulls = 0;
  return {
    add(value) {
      if (rows === values.length) {
        const larger = new Float64Array(2 * rows);
        larger.set(values);
        values = larger;
        const longer = new Uint8Array(2 * rows);
        longer.set(validity);
        validity = longer;
      }
      if (typeof value === 'number') {
        // Whole numbers have no −0 in a file.
        values[rows] = type === 'double' ? value : value + 0;
        validity[rows] = 1;
      } else nulls += 1;
      rows += 1;
    },
    build: () => ({
      kind: 'number',
      values: values.slice(0, rows),
      validity: nulls === 0 ? undefined : validity.slice(0, rows),
    }),
  };
}

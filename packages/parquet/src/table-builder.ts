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
  /** @returns why the column cannot hold the value, in words that follow its name; then nothing was added */
  add(value: Value | undefined): string | undefined;
  /** Takes back the last value. */
  undo(): void;
  build(): ColumnData;
}

const FIRST_CAPACITY = 1_024;
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

export function createTableBuilder(schema: TableSchema): TableBuilder {
  const columns = schema.columns.map((spec) => ({ spec, builder: columnBuilder(spec) }));
  let rows = 0;
  return {
    add(row) {
      if (row.length !== columns.length) {
        throw new RangeError(`a row has ${row.length} values, the schema ${columns.length} columns`);
      }
      let place = 0;
      for (const { spec, builder } of columns) {
        const problem = builder.add(row[place]);
        if (problem !== undefined) {
          for (const added of columns.slice(0, place)) added.builder.undo();
          throw new InvalidValueError(spec.name, problem);
        }
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

function columnBuilder({ type, nullable }: ColumnSpec): ColumnBuilder {
  return type === 'string' ? stringBuilder(nullable) : numberBuilder(type, nullable);
}

const NO_NULLS = 'is null, but the column holds no nulls';

function stringBuilder(isNullable: boolean): ColumnBuilder {
  const places = new Map<string, number>();
  let indices = new Int32Array(FIRST_CAPACITY);
  let rows = 0;
  /** Of the last value: whether no value before was the same. */
  let isNew = false;

  function push(index: number): undefined {
    if (rows === indices.length) {
      const larger = new Int32Array(2 * rows);
      larger.set(indices);
      indices = larger;
    }
    indices[rows] = index;
    rows += 1;
  }

  return {
    add(value) {
      isNew = false;
      if (typeof value !== 'string') {
        if (value !== null) return `is ${described(value)}, not a text`;
        return isNullable ? push(NULL_INDEX) : NO_NULLS;
      }
      const known = places.get(value);
      if (known !== undefined) return push(known);
      if (!value.isWellFormed()) return 'holds half of a surrogate pair';
      isNew = true;
      places.set(value, places.size);
      return push(places.size - 1);
    },
    undo() {
      rows -= 1;
      if (isNew) places.delete([...places.keys()].at(-1) ?? '');
    },
    build: () => ({ kind: 'string', dictionary: [...places.keys()], indices: indices.slice(0, rows) }),
  };
}

function numberBuilder(type: Exclude<ColumnType, 'string'>, isNullable: boolean): ColumnBuilder {
  let values = new Float64Array(FIRST_CAPACITY);
  /** Zeros after the last row. */
  let validity = new Uint8Array(FIRST_CAPACITY);
  let rows = 0;
  let nulls = 0;

  function grow(): void {
    const larger = new Float64Array(2 * rows);
    larger.set(values);
    values = larger;
    const longer = new Uint8Array(2 * rows);
    longer.set(validity);
    validity = longer;
  }

  return {
    add(value) {
      const problem = typeof value === 'number' ? numberProblem(type, value) : missingProblem(value, isNullable);
      if (problem !== undefined) return problem;
      if (rows === values.length) grow();
      if (typeof value === 'number') {
        // Whole numbers have no −0 in a file.
        values[rows] = type === 'double' ? value : value + 0;
        validity[rows] = 1;
      } else nulls += 1;
      rows += 1;
      return undefined;
    },
    undo() {
      rows -= 1;
      if (validity[rows] === 0) nulls -= 1;
      values[rows] = 0;
      validity[rows] = 0;
    },
    build: () => ({
      kind: 'number',
      values: values.slice(0, rows),
      validity: nulls === 0 ? undefined : validity.slice(0, rows),
    }),
  };
}

function numberProblem(type: Exclude<ColumnType, 'string'>, value: number): string | undefined {
  if (type === 'double') return Number.isFinite(value) ? undefined : `is ${value}, not a finite number`;
  if (!Number.isInteger(value)) return `is ${value}, not a whole number`;
  if (type === 'int32') {
    return value >= INT32_MIN && value <= INT32_MAX ? undefined : `is ${value}, more than 32 bits hold`;
  }
  return Number.isSafeInteger(value) ? undefined : `is ${value}, not exact as a number of microseconds`;
}

function missingProblem(value: string | null | undefined, isNullable: boolean): string | undefined {
  if (value !== null) return `is ${described(value)}, not a number`;
  return isNullable ? undefined : NO_NULLS;
}

function described(value: unknown): string {
  return value === undefined ? 'missing' : `a ${typeof value}`;
}

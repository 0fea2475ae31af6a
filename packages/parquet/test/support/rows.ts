import { expect } from '@jest/globals';
import type { Row, TableSchema } from '../../src/index.ts';

/** Fails with the first row that differs. Jest's own comparison takes its time with many rows. */
export function expectRows(actual: readonly Row[], expected: readonly Row[]): void {
  const differing = expected.findIndex((row, index) => textOf(row) !== textOf(actual[index]));
  if (differing >= 0)
    expect({ row: differing, values: actual[differing] }).toEqual({ row: differing, values: expected[differing] });
  expect(actual.length).toBe(expected.length);
}

/** As `expectRows`, in any order. */
export function expectSameRows(actual: readonly Row[], expected: readonly Row[]): void {
  expectRows(actual.toSorted(byText), expected.toSorted(byText));
}

function byText(a: Row, b: Row): number {
  const [textA, textB] = [textOf(a), textOf(b)];
  return textA < textB ? -1 : Number(textA > textB);
}

function textOf(row: Row | undefined): string {
  return JSON.stringify(row?.map((value) => (Object.is(value, -0) ? '-0' : value))) ?? '';
}

/** Rows as a file gives them back: whole numbers have no −0. */
export function asWritten(schema: TableSchema, rows: readonly Row[]): Row[] {
  return rows.map((row) =>
    row.map((value, index) =>
      typeof value === 'number' && schema.columns[index]?.type !== 'double' ? value + 0 : value,
    ),
  );
}

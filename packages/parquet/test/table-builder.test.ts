import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTableBuilder, InvalidValueError, type Row, rowsOf, sortTable, type TableSchema } from '../src/index.ts';
import { concatTables, splitTable } from '../src/take-rows.ts';
import { arbitraryRows, arbitrarySchema, rowsOfAll, sortedRows, tableOf } from '../src/testing/index.ts';
import { asWritten } from './support/rows.ts';

const SCHEMA: TableSchema = {
  columns: [
    { name: 'name', type: 'string', nullable: true },
    { name: 'count', type: 'int32', nullable: false },
    { name: 'share', type: 'double', nullable: true },
    { name: 'at', type: 'timestamp', nullable: false },
  ],
  orderBy: 'at',
};

const schemaAndRows = arbitrarySchema().chain((schema) =>
  fc.record({ schema: fc.constant(schema), rows: arbitraryRows(schema) }),
);

test('a table has the rows that were added to it', () => {
  fc.assert(
    fc.property(schemaAndRows, ({ schema, rows }) => {
      expect([...rowsOf(schema, tableOf(schema, rows))]).toEqual(asWritten(schema, rows));
    }),
  );
});

test('a sorted table has the rows by time, and those of one time in their order', () => {
  fc.assert(
    fc.property(schemaAndRows, ({ schema, rows }) => {
      const sorted = sortTable(schema, tableOf(schema, rows));
      expect([...rowsOf(schema, sorted)]).toEqual(asWritten(schema, sortedRows(schema, rows)));
    }),
  );
});

test('tables that are put together, and cut again, have all rows in their order', () => {
  const parts = arbitrarySchema().chain((schema) =>
    fc.record({
      schema: fc.constant(schema),
      groups: fc.array(arbitraryRows(schema, { maxLength: 12 }), { minLength: 1, maxLength: 5 }),
      size: fc.integer({ min: 1, max: 20 }),
    }),
  );
  fc.assert(
    fc.property(parts, ({ schema, groups, size }) => {
      const joint = concatTables(groups.map((rows) => tableOf(schema, rows)));
      const cut = splitTable(joint, size);
      expect(joint.rows).toBe(groups.flat().length);
      expect(rowsOfAll(schema, cut)).toEqual(asWritten(schema, groups.flat()));
      expect(cut.every(({ rows }) => rows > 0 && rows <= 2 * size)).toBe(true);
    }),
  );
});

test.each([
  ['a null where there are none', ['a', null, 1, 1], 'count', 'is null, but the column holds no nulls'],
  ['a missing value', ['a', undefined, 1, 1], 'count', 'is missing, not a number'],
  ['more than 32 bits', ['a', 2 ** 31, 1, 1], 'count', 'is 2147483648, more than 32 bits hold'],
  ['less than 32 bits', ['a', -(2 ** 31) - 1, 1, 1], 'count', 'is -2147483649, more than 32 bits hold'],
  ['a fraction', ['a', 1.5, 1, 1], 'count', 'is 1.5, not a whole number'],
  ['a text in place of a number', ['a', '1', 1, 1], 'count', 'is a string, not a number'],
  ['a number in place of a text', [1, 1, 1, 1], 'name', 'is a number, not a text'],
  ['half of a surrogate pair', ['a\ud800', 1, 1, 1], 'name', 'holds half of a surrogate pair'],
  ['not a number', ['a', 1, Number.NaN, 1], 'share', 'is NaN, not a finite number'],
  ['infinity', ['a', 1, Number.NEGATIVE_INFINITY, 1], 'share', 'is -Infinity, not a finite number'],
  ['a fraction of a microsecond', ['a', 1, 1, 1.5], 'at', 'is 1.5, not a whole number'],
  ['an inexact time', ['a', 1, 1, 2 ** 53], 'at', 'is 9007199254740992, not exact as a number of microseconds'],
])('%s is refused with its column, and leaves the table as it was', (_, row, column, reason) => {
  const builder = createTableBuilder(SCHEMA);
  const good: Row = ['a', 1, null, 1];
  builder.add(good);
  expect(() => builder.add(row as Row)).toThrow(InvalidValueError);
  expect(() => builder.add(row as Row)).toThrow(
    expect.objectContaining({ column, reason, message: `${column} ${reason}` }),
  );
  expect(builder.rows).toBe(1);
  expect([...rowsOf(SCHEMA, builder.build())]).toEqual([good]);
});

test('however many rows are refused among those that are not, the table is the one without them', () => {
  const good = fc.tuple(
    fc.constantFrom('a', 'b', 'c', null),
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom(null, 0.5),
    fc.integer({ min: 0, max: 9 }),
  );
  const bad = good.map(([name, count, share]): Row => [name, count, share, 0.5]);
  const attempt = fc.oneof(
    good.map((row) => ({ row, isGood: true })),
    bad.map((row) => ({ row, isGood: false })),
  );
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 20 }), (attempts) => {
      const builder = createTableBuilder(SCHEMA);
      for (const { row, isGood } of attempts) {
        if (isGood) builder.add(row);
        else expect(() => builder.add(row)).toThrow(InvalidValueError);
      }
      const taken = attempts.flatMap(({ row, isGood }) => (isGood ? [row] : []));
      expect(builder.build()).toEqual(tableOf(SCHEMA, taken));
    }),
    { numRuns: 300 },
  );
});

test('a row with too few or too many values is refused', () => {
  const builder = createTableBuilder(SCHEMA);
  expect(() => builder.add(['a', 1, 1])).toThrow(RangeError);
  expect(() => builder.add(['a', 1, 1, 1, 1])).toThrow(RangeError);
  expect(builder.rows).toBe(0);
});

test('a builder that is used on does not change what it has built', () => {
  const builder = createTableBuilder(SCHEMA);
  builder.add(['a', 1, null, 1]);
  const first = builder.build();
  builder.add(['b', 2, 0.5, 2]);
  expect([...rowsOf(SCHEMA, first)]).toEqual([['a', 1, null, 1]]);
  expect(builder.build().rows).toBe(2);
});

test('a schema whose order is not by a timestamp that is always there cannot be sorted', () => {
  const table = tableOf(SCHEMA, []);
  expect(() => sortTable({ ...SCHEMA, orderBy: 'count' }, table)).toThrow('ordered by count');
  expect(() => sortTable({ ...SCHEMA, orderBy: 'elsewhere' }, table)).toThrow(RangeError);
});

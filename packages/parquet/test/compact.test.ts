import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CorruptParquetError, compactParquet, needsCompaction, openParquet, type Row } from '../src/index.ts';
import { arbitraryRows, arbitrarySchema, aVisit, someVisits, sortedRows, VISIT_SCHEMA } from '../src/testing/index.ts';
import { append, compact, fileOf, groupsOf, open, rowsIn } from './support/files.ts';
import { writeByHyparquet } from './support/foreign.ts';
import { rowsByHyparquet } from './support/hyparquet.ts';
import { expectRows } from './support/rows.ts';

const HOUR = 3_600_000_000;

const files = arbitrarySchema().chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    groups: fc.array(arbitraryRows(schema), { maxLength: 6 }),
    rowGroupRows: fc.integer({ min: 1, max: 50 }),
  }),
);

describe('a compacted file', () => {
  test('has the rows of any file by time, those of one time in the order of the file', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ schema, groups, rowGroupRows }) => {
        const before = fileOf(schema, groups);
        const after = await compact(before, schema, { rowGroupRows });
        const expected = sortedRows(schema, await rowsIn(before, schema));
        expectRows(await rowsIn(after, schema), expected);
        expectRows(await rowsByHyparquet(after, schema), expected);
      }),
    );
  });

  test('has row groups that are full, and the rest in the last one', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ schema, groups, rowGroupRows }) => {
        const after = await compact(fileOf(schema, groups), schema, { rowGroupRows });
        const sizes = (await groupsOf(after, schema)).map((rows) => rows.length);
        expect(sizes.slice(0, -1).every((size) => size === rowGroupRows)).toBe(true);
        expect(sizes.at(-1) ?? 1).toBeLessThanOrEqual(rowGroupRows);
        expect(needsCompaction(await open(after, schema), OVERLAP_ALONE)).toBe(false);
      }),
    );
  });

  test('has only the rows that are to be kept', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.nat(4), async ({ schema, groups, rowGroupRows }, rest) => {
        const order = schema.columns.findIndex(({ name }) => name === schema.orderBy);
        const keepRow = (row: Row) => Math.abs(Number(row[order])) % 5 !== rest;
        const before = fileOf(schema, groups);
        const after = await compact(before, schema, { rowGroupRows, keepRow });
        expectRows(await rowsIn(after, schema), sortedRows(schema, await rowsIn(before, schema)).filter(keepRow));
      }),
    );
  });
});

/** Groups are not too many for their rows, however small they are. */
const OVERLAP_ALONE = { maxOverlap: 0.5, maxGroupFactor: 2, spareGroups: Number.POSITIVE_INFINITY, targetRows: 1_000 };

test('no more row groups are read than overlap in time with what is written', async () => {
  const groups = Array.from({ length: 12 }, (_, hour) => someVisits(20, 1_700_000_000_000_000 + hour * HOUR));
  // The order of the file is not that of time.
  const shuffled = groups.map((_, index) => groups[(index * 5) % 12] ?? []);
  const bytes = fileOf(VISIT_SCHEMA, shuffled);
  let reads = 0;
  const source = {
    size: bytes.length,
    read(start: number, end: number) {
      reads += 1;
      return Promise.resolve(bytes.subarray(start, end));
    },
  };
  const file = await openParquet(source, VISIT_SCHEMA);
  reads = 0;
  const readsAtChunk: number[] = [];
  for await (const _ of compactParquet(file, { rowGroupRows: 20 })) readsAtChunk.push(reads);
  // The mark at the beginning, a chunk for each group, and the footer.
  expect(readsAtChunk).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
});

test('a row group whose rows are not sorted is sorted first', async () => {
  const rows = someVisits(200);
  const shuffled = rows.map((_, index) => rows[(index * 37) % 200] ?? []);
  expectRows(await rowsIn(await compact(writeByHyparquet([shuffled]), VISIT_SCHEMA), VISIT_SCHEMA), rows);
});

test('a row group whose least time is not what the file tells stops the compaction', async () => {
  const bytes = Buffer.from(fileOf(VISIT_SCHEMA, [someVisits(10, 1_000_000)]));
  const { footerOffset } = await open(bytes, VISIT_SCHEMA);
  const [told, wrong] = [1_000_000n, 1_000_001n].map((time) => Buffer.from(BigInt64Array.of(time).buffer));
  for (let at = bytes.indexOf(told ?? '', footerOffset); at >= 0; at = bytes.indexOf(told ?? '', at)) {
    wrong?.copy(bytes, at);
  }
  await expect(compact(bytes, VISIT_SCHEMA)).rejects.toThrow(CorruptParquetError);
  await expect(compact(bytes, VISIT_SCHEMA)).rejects.toThrow('row group 0: timestamp is 1000000');
});

test('row groups of large rows have fewer of them', async () => {
  const rows = Array.from({ length: 40 }, (_, index) =>
    aVisit({ ptid: `${index}`.padEnd(1_000_000), timestamp: index }),
  );
  const before = fileOf(VISIT_SCHEMA, [rows], { codec: 'uncompressed' });
  const after = await compact(before, VISIT_SCHEMA);
  expect((await open(after, VISIT_SCHEMA)).rowGroups.map((group) => group.rows)).toEqual([33, 7]);
});

describe('a file needs compaction', () => {
  const newer = someVisits(60, 10 * HOUR);
  const older = someVisits(60, 9 * HOUR);

  test('when more than half of its rows are in groups that begin before one in front of them ends', async () => {
    const inOrder = await open(fileOf(VISIT_SCHEMA, [older, newer]), VISIT_SCHEMA);
    const half = await open(fileOf(VISIT_SCHEMA, [newer, older]), VISIT_SCHEMA);
    const more = await open(fileOf(VISIT_SCHEMA, [newer, older, older.slice(1)]), VISIT_SCHEMA);
    expect([inOrder, half, more].map((file) => needsCompaction(file))).toEqual([false, false, true]);
  });

  test('when it has many more row groups than its rows fill', async () => {
    const hours = Array.from({ length: 67 }, (_, hour) => someVisits(1, hour * HOUR));
    const few = await open(fileOf(VISIT_SCHEMA, hours.slice(0, 66)), VISIT_SCHEMA);
    const many = await open(fileOf(VISIT_SCHEMA, hours), VISIT_SCHEMA);
    expect([few, many].map((file) => needsCompaction(file))).toEqual([false, true]);
  });

  test('but not when it is empty', async () => {
    expect(needsCompaction(await open(fileOf(VISIT_SCHEMA, []), VISIT_SCHEMA))).toBe(false);
  });
});

test('a file that grew by appends is in order after compaction', async () => {
  let bytes = fileOf(VISIT_SCHEMA, [someVisits(100, 5 * HOUR)]);
  for (const hour of [4, 6, 1, 5, 2]) ({ bytes } = await append(bytes, VISIT_SCHEMA, someVisits(50, hour * HOUR)));
  expect(needsCompaction(await open(bytes, VISIT_SCHEMA))).toBe(true);
  const after = await compact(bytes, VISIT_SCHEMA);
  expect(await groupsOf(after, VISIT_SCHEMA)).toEqual([sortedRows(VISIT_SCHEMA, await rowsIn(bytes, VISIT_SCHEMA))]);
});

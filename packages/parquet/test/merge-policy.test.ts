import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_MERGE_POLICY, firstMerged } from '../src/append/merge-policy.ts';
import { appendToParquet } from '../src/index.ts';
import { someVisits, tableOf, VISIT_SCHEMA } from '../src/testing/index.ts';
import { append, fileOf, groupsOf, open, rowsIn } from './support/files.ts';
import { writeByHyparquet } from './support/foreign.ts';
import { expectSameRows } from './support/rows.ts';

const { targetRows, targetBytes, tailGroups } = DEFAULT_MERGE_POLICY;

interface Growth {
  /** Of the row groups. */
  readonly sizes: readonly number[];
  /** Old rows that each run wrote again. */
  readonly rewritten: readonly number[];
}

/** What runs of so many rows make of a file, without its rows. */
async function grow(base: readonly number[], runs: readonly number[], rowBytes = 18): Promise<Growth> {
  const [template] = (await open(fileOf(VISIT_SCHEMA, [someVisits(1)]), VISIT_SCHEMA)).rowGroups;
  if (template === undefined) throw new Error('there is no row group');
  let sizes = [...base];
  const rewritten: number[] = [];
  for (const rows of runs) {
    const groups = sizes.map((size, index) => ({
      ...template,
      rows: size,
      bytes: size * rowBytes,
      start: index,
      end: index + 1,
    }));
    const first = firstMerged(groups, rows, DEFAULT_MERGE_POLICY);
    const merged = sizes.slice(first).reduce((sum, size) => sum + size, 0);
    rewritten.push(merged);
    const parts = Math.max(1, Math.round((merged + rows) / targetRows));
    sizes = [...sizes.slice(0, first), ...Array.from({ length: parts }, () => Math.floor((merged + rows) / parts))];
  }
  return { sizes, rewritten };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe('merging small row groups', () => {
  test('leaves few groups, and most runs only append', async () => {
    const base = Array.from({ length: 8 }, () => 125_000);
    const { sizes, rewritten } = await grow(
      base,
      Array.from({ length: 1_000 }, () => 10_000),
    );
    expect(sizes.length).toBeLessThan(100);
    expect(rewritten.filter((rows) => rows === 0).length).toBeGreaterThan(900);
    // A row is written once more on average.
    expect(sum(rewritten)).toBeLessThan(1_000 * 10_000);
  });

  test.each([[1], [100], [3_000], [60_000], [300_000]])('runs of %i rows write no row many times', async (rows) => {
    const runs = Array.from({ length: 500 }, () => rows);
    const { sizes, rewritten } = await grow([], runs);
    const settled = sizes.filter((size) => size >= targetRows / 2);
    expect(sizes.length - settled.length).toBeLessThanOrEqual(tailGroups);
    expect(Math.max(...rewritten)).toBeLessThanOrEqual(2 * targetRows);
    expect(rewritten.filter((merged) => merged > 0).length).toBeLessThan(runs.length * 0.51);
  });

  test('of large rows merges no more bytes than two full groups have', async () => {
    const rowBytes = 1_000_000;
    const { sizes, rewritten } = await grow(
      [],
      Array.from({ length: 300 }, () => 3),
      rowBytes,
    );
    expect(Math.max(...rewritten) * rowBytes).toBeLessThanOrEqual(2 * targetBytes);
    expect(Math.max(...sizes) * rowBytes).toBeLessThanOrEqual(2 * targetBytes);
    expect(sizes.length).toBeLessThan(60);
    expect(sum(rewritten)).toBeLessThan(2 * sum(sizes));
  });

  test('takes no more of the groups of another program than two full groups have', async () => {
    const base = Array.from({ length: 31 }, () => 15);
    const { rewritten } = await grow(
      base,
      Array.from({ length: 5 }, () => 3),
      1_000_000,
    );
    expect(Math.max(...rewritten) * 1_000_000).toBeGreaterThan(targetBytes / 2);
    expect(Math.max(...rewritten) * 1_000_000).toBeLessThanOrEqual(2 * targetBytes);
  });

  test('of any runs never merges more than two full groups, or leaves more small ones than it may', async () => {
    const size = fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(400_000)).map((rows) => rows + 1);
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 60 }), async (runs) => {
        const { sizes, rewritten } = await grow([], runs);
        expect(Math.max(0, ...rewritten)).toBeLessThanOrEqual(2 * targetRows);
        const settled = sizes.filter((rows) => rows >= targetRows / 2);
        const least = sum(sizes) / targetRows;
        expect(sizes.length - settled.length).toBeLessThanOrEqual(tailGroups + least);
      }),
    );
  });
});

const MERGE_ALL = { smallRows: 100, smallGroups: 1, tailGroups: 1, targetRows: 200, targetBytes: 1_000_000 };

describe('row groups stay as they are', () => {
  const groups = [someVisits(20), someVisits(20, 1_800_000_000_000_000)];

  test('when what is kept has page indexes or bloom filters behind them', async () => {
    const merge = { ...MERGE_ALL, targetRows: 50 };
    for (const options of [{ source: { columnIndex: true }, pageSize: 50 }, { source: { bloomFilter: true } }]) {
      const [large, ...small] = [someVisits(60), ...groups];
      const before = writeByHyparquet([large, ...small], options);
      const { bytes, rewrite } = await append(before, VISIT_SCHEMA, someVisits(5), { merge });
      expect(rewrite).toMatchObject({ merged: 0, rowGroups: 4, keep: (await open(before, VISIT_SCHEMA)).footerOffset });
      expect((await rowsIn(bytes, VISIT_SCHEMA)).length).toBe(105);
    }
  });

  test('up to the last one that cannot be read, and those behind it are merged', async () => {
    const base = fileOf(VISIT_SCHEMA, [someVisits(20), someVisits(20), someVisits(20)]);
    const file = await open(base, VISIT_SCHEMA);
    const rowGroups = file.rowGroups.map((group, index) => (index === 1 ? { ...group, unreadable: 'LZ4' } : group));
    const table = tableOf(VISIT_SCHEMA, someVisits(5));
    const rewrite = await appendToParquet({ ...file, rowGroups }, table, { merge: MERGE_ALL });
    expect(rewrite).toMatchObject({ merged: 20, rowGroups: 3, keep: rowGroups[2]?.start });
    const bytes = Buffer.concat([base.subarray(0, rewrite.keep), rewrite.tail]);
    expect((await groupsOf(bytes, VISIT_SCHEMA)).map(({ length }) => length)).toEqual([20, 20, 25]);
  });

  test('but are merged when nothing else is kept', async () => {
    const before = writeByHyparquet(groups, { source: { columnIndex: true }, pageSize: 50 });
    const { bytes, rewrite } = await append(before, VISIT_SCHEMA, someVisits(5), { merge: MERGE_ALL });
    expect(rewrite).toMatchObject({ merged: 40, rowGroups: 1, keep: 4 });
    expectSameRows(await rowsIn(bytes, VISIT_SCHEMA), [...groups.flat(), ...someVisits(5)]);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MergePolicy, Row } from '../src/index.ts';
import { arbitraryRows, arbitrarySchema, aVisit, someVisits, sortedRows, VISIT_SCHEMA } from '../src/testing/index.ts';
import { append, compact, fileOf, groupsOf, open, rowsIn } from './support/files.ts';
import { metadataOf, rowsByHyparquet } from './support/hyparquet.ts';
import { asWritten, expectRows, expectSameRows } from './support/rows.ts';

/** So low that a few rows make groups of every size. */
const MERGE: MergePolicy = { smallRows: 10, smallGroups: 4, tailGroups: 6, targetRows: 60, targetBytes: 1_000_000 };

const baseAndNew = arbitrarySchema().chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    base: fc.array(arbitraryRows(schema), { maxLength: 4 }),
    added: arbitraryRows(schema),
  }),
);

const runs = arbitrarySchema().chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    runs: fc.array(arbitraryRows(schema, { maxLength: 30 }), { maxLength: 15 }),
  }),
);

describe('an append that merges nothing', () => {
  test('is the rows of the file, and behind them the new ones in order', async () => {
    await fc.assert(
      fc.asyncProperty(baseAndNew, async ({ schema, base, added }) => {
        const before = fileOf(schema, base);
        const { bytes, rewrite } = await append(before, schema, added, { merge: 'never' });
        const expected = [...(await rowsIn(before, schema)), ...sortedRows(schema, asWritten(schema, added))];
        expectRows(await rowsIn(bytes, schema), expected);
        expectRows(await rowsByHyparquet(bytes, schema), expected);
        expect(rewrite).toMatchObject({ rows: expected.length, merged: 0 });
      }),
    );
  });

  test('leaves the bytes of the old row groups as they were, and what the footer says of them', async () => {
    await fc.assert(
      fc.asyncProperty(baseAndNew, async ({ schema, base, added }) => {
        const before = fileOf(schema, base);
        const old = await open(before, schema);
        const { bytes, rewrite } = await append(before, schema, added, { merge: 'never' });
        const now = await open(bytes, schema);
        expect(rewrite.keep).toBe(old.footerOffset);
        expect(groupStructs(now).slice(0, old.rowGroups.length)).toEqual(groupStructs(old));
        expect(metadataOf(bytes).row_groups.slice(0, old.rowGroups.length)).toEqual(metadataOf(before).row_groups);
      }),
    );
  });
});

test('after any appends the file has all rows once, and each row group is sorted', async () => {
  await fc.assert(
    fc.asyncProperty(runs, async ({ schema, runs: added }) => {
      let bytes = fileOf(schema, []);
      const rows: Row[] = [];
      for (const run of added) {
        const before = await open(bytes, schema);
        const { bytes: after, rewrite } = await append(bytes, schema, run, { merge: MERGE });
        rows.push(...asWritten(schema, run));
        const file = await open(after, schema);
        expect([rewrite.rows, rewrite.rowGroups]).toEqual([rows.length, file.rowGroups.length]);
        expect(rewrite.keep).toBeLessThanOrEqual(before.footerOffset);
        bytes = after;
      }
      const groups = await groupsOf(bytes, schema);
      expectSameRows(groups.flat(), rows);
      for (const group of groups) expect(sortedRows(schema, group)).toEqual(group);
      expectSameRows(await rowsByHyparquet(bytes, schema), rows);
    }),
  );
});

describe('the entries of the footer', () => {
  test('of the same name are replaced, and others stay', async () => {
    const before = fileOf(VISIT_SCHEMA, [[aVisit()]], {
      metadata: new Map([
        ['ARROW:schema', 'AAAA'],
        ['millrace.commits', 'run-1'],
      ]),
    });
    const change = new Map([
      ['millrace.commits', 'run-2'],
      ['millrace.more', ''],
    ]);
    const { bytes } = await append(before, VISIT_SCHEMA, [aVisit()], { metadata: change });
    const { metadata, createdBy } = await open(bytes, VISIT_SCHEMA);
    expect([...metadata].sort()).toEqual([['ARROW:schema', 'AAAA'], ...change]);
    expect(metadataOf(bytes).key_value_metadata?.length).toBe(metadata.size);
    expect(createdBy).toBe('millrace version 0.1.0');
  });

  test('can be changed without new rows, and the first one added', async () => {
    const before = fileOf(VISIT_SCHEMA, [someVisits(3)]);
    const change = new Map([['millrace.commits', 'run-1']]);
    const { bytes, rewrite } = await append(before, VISIT_SCHEMA, [], { metadata: change });
    expect((await open(bytes, VISIT_SCHEMA)).metadata).toEqual(change);
    expectRows(await rowsIn(bytes, VISIT_SCHEMA), someVisits(3));
    expect(rewrite).toMatchObject({ rows: 3, rowGroups: 1, merged: 0 });
  });

  test('stay through a compaction, too', async () => {
    const metadata = new Map([['millrace.commits', 'run-1']]);
    const bytes = await compact(fileOf(VISIT_SCHEMA, [someVisits(3)], { metadata }), VISIT_SCHEMA);
    expect((await open(bytes, VISIT_SCHEMA)).metadata).toEqual(metadata);
  });
});

test('new row groups can have another codec than those of the file', async () => {
  const before = fileOf(VISIT_SCHEMA, [someVisits(50)]);
  const { bytes } = await append(before, VISIT_SCHEMA, someVisits(50), { codec: 'zstd', timestamps: 'delta' });
  const codecs = metadataOf(bytes).row_groups.map(({ columns }) => columns[0]?.meta_data?.codec);
  expect(codecs).toEqual(['SNAPPY', 'ZSTD']);
  expectRows(await rowsByHyparquet(bytes, VISIT_SCHEMA), [...someVisits(50), ...someVisits(50)]);
});

/** The bytes of each struct RowGroup in a footer. */
function groupStructs({ footer }: Awaited<ReturnType<typeof open>>): string[] {
  return footer.rowGroups.map(({ thriftStart, thriftEnd }) =>
    Buffer.from(footer.bytes.subarray(thriftStart, thriftEnd)).toString('hex'),
  );
}

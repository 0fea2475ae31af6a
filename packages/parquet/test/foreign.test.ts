import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Row, UnsupportedParquetError } from '../src/index.ts';
import { arbitraryValue, aVisit, someVisits, sortedRows, VISIT_SCHEMA } from '../src/testing/index.ts';
import { append, compact, fileOf, groupsOf, open, rowsIn } from './support/files.ts';
import { readByParquetjs, writeByHyparquet, writeByParquetjs } from './support/foreign.ts';
import { metadataOf, rowsByHyparquet } from './support/hyparquet.ts';
import { asWritten, expectRows, expectSameRows } from './support/rows.ts';

const rows = someVisits(30);
const newer = someVisits(20, 1_800_000_000_000_000);
const reversed = VISIT_SCHEMA.columns.toReversed();

/** Rows that are in a file of 64 bits, too. */
const visits = fc.array(fc.tuple(...VISIT_SCHEMA.columns.map(arbitraryValue)), { minLength: 1, maxLength: 40 });

const bases: readonly [string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['hyparquet-writer', () => writeByHyparquet([rows])],
  ['hyparquet-writer without rows', () => writeByHyparquet([])],
  ['hyparquet-writer, all columns OPTIONAL', () => writeByHyparquet([rows], { optional: true })],
  ['hyparquet-writer, the columns in another order', () => writeByHyparquet([rows], { columns: reversed })],
  [
    'hyparquet-writer with page indexes',
    () => writeByHyparquet([rows], { source: { columnIndex: true }, pageSize: 50 }),
  ],
  ['hyparquet-writer with bloom filters', () => writeByHyparquet([rows], { source: { bloomFilter: true } })],
  ['hyparquet-writer without statistics', () => writeByHyparquet([rows], { statistics: false })],
  [
    'hyparquet-writer, with numbers of 64 bits',
    () => writeByHyparquet([rows], { optional: true, elements: { pipeline_adcid: { type: 'INT64' } } }),
  ],
  ['parquetjs-lite', () => writeByParquetjs(rows)],
];

describe.each(bases)('a file by %s', (name, write) => {
  const old = name.includes('without rows') ? [] : rows;

  test('is read', async () => {
    expectRows(await rowsIn(await write(), VISIT_SCHEMA), old);
  });

  test('is appended to with columns as it has them', async () => {
    const before = await write();
    const { bytes } = await append(before, VISIT_SCHEMA, newer, { merge: 'never' });
    expectRows(await rowsIn(bytes, VISIT_SCHEMA), [...old, ...newer]);
    expectRows(await rowsByHyparquet(bytes, VISIT_SCHEMA), [...old, ...newer]);
    expect(metadataOf(bytes).schema).toEqual(metadataOf(before).schema);
    expect(metadataOf(bytes).row_groups.slice(0, -1)).toEqual(metadataOf(before).row_groups);
  });

  test('is compacted with columns as it has them', async () => {
    const { bytes } = await append(await write(), VISIT_SCHEMA, someVisits(10, 1_000_000_000_000_000));
    const after = await compact(bytes, VISIT_SCHEMA);
    expect(await groupsOf(after, VISIT_SCHEMA)).toEqual([[...someVisits(10, 1_000_000_000_000_000), ...old]]);
    expect(metadataOf(after).schema).toEqual(metadataOf(bytes).schema);
    expect((await open(after, VISIT_SCHEMA)).createdBy).toBe('millrace version 0.1.0');
  });
});

test('any rows by hyparquet-writer are read, and merged with new ones', async () => {
  const merge = { smallRows: 100, smallGroups: 1, tailGroups: 1, targetRows: 200, targetBytes: 1_000_000 };
  await fc.assert(
    fc.asyncProperty(visits, visits, fc.boolean(), async (first, second, optional) => {
      const before = writeByHyparquet([first], { optional });
      expectRows(await rowsIn(before, VISIT_SCHEMA), asWritten(VISIT_SCHEMA, first));
      const { bytes } = await append(before, VISIT_SCHEMA, second, { merge });
      const all = asWritten(VISIT_SCHEMA, [...first, ...second]);
      expectSameRows(await rowsIn(bytes, VISIT_SCHEMA), all);
    }),
  );
});

test('numbers of 64 bits that are more than 32 bits hold are refused when they are read', async () => {
  const bytes = writeByHyparquet([[aVisit({ pipeline_adcid: 2 ** 40 })]], {
    elements: { pipeline_adcid: { type: 'INT64' } },
  });
  await expect(rowsIn(bytes, VISIT_SCHEMA)).rejects.toThrow(UnsupportedParquetError);
  await expect(rowsIn(bytes, VISIT_SCHEMA)).rejects.toThrow(`it has the value ${2 ** 40}`);
});

test.each([['DELTA_BYTE_ARRAY'], ['DELTA_LENGTH_BYTE_ARRAY']] as const)('texts in %s are read', async (encoding) => {
  const columns = VISIT_SCHEMA.columns;
  await fc.assert(
    fc.asyncProperty(visits, async (values) => {
      const bytes = writeByHyparquet([values], { encodings: { ptid: encoding, module: encoding } });
      const chunk = metadataOf(bytes).row_groups[0]?.columns[columns.findIndex(({ name }) => name === 'ptid')];
      expect(chunk?.meta_data?.encodings).toContain(encoding);
      expectRows(await rowsIn(bytes, VISIT_SCHEMA), asWritten(VISIT_SCHEMA, values));
    }),
  );
});

describe('parquetjs-lite', () => {
  test('reads files in the default profile, with times in milliseconds', async () => {
    const visit = fc.tuple(
      ...VISIT_SCHEMA.columns.map((spec) =>
        spec.type === 'timestamp' ? fc.integer({ min: 0, max: 2_000_000_000_000_000 }) : arbitraryValue(spec),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(visit), { maxLength: 3 }), async (groups) => {
        const bytes = fileOf(VISIT_SCHEMA, groups);
        const expected = (await rowsIn(bytes, VISIT_SCHEMA)).map(asParquetjs);
        expect(await readByParquetjs(bytes)).toEqual(expected);
      }),
    );
  });

  test('reads them after appends and compaction', async () => {
    let bytes = fileOf(VISIT_SCHEMA, [rows]);
    ({ bytes } = await append(bytes, VISIT_SCHEMA, newer));
    expect(await readByParquetjs(bytes)).toEqual([...rows, ...newer].map(asParquetjs));
    const all = sortedRows(VISIT_SCHEMA, [...newer, ...rows]);
    expect(await readByParquetjs(await compact(bytes, VISIT_SCHEMA))).toEqual(all.map(asParquetjs));
  });

  test('reads a file of its own with rows that were appended here', async () => {
    const { bytes } = await append(await writeByParquetjs(rows), VISIT_SCHEMA, newer);
    expect(await readByParquetjs(bytes)).toEqual([...rows, ...newer].map(asParquetjs));
  });
});

/** A row as parquetjs-lite gives it: an object without what is null. */
function asParquetjs(row: Row): Record<string, unknown> {
  const entries = VISIT_SCHEMA.columns.map(({ name, type }, index): [string, unknown] => {
    const value = row[index] ?? null;
    return [name, type === 'timestamp' ? new Date(Math.trunc(Number(value) / 1_000)) : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

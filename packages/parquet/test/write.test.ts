import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createTableBuilder,
  InvalidValueError,
  type Row,
  readTables,
  rowsOf,
  type TableSchema,
  writeParquet,
} from '../src/index.ts';
import {
  arbitraryRows,
  arbitrarySchema,
  aVisit,
  someVisits,
  sortedRows,
  tableOf,
  VISIT_SCHEMA,
} from '../src/testing/index.ts';
import { fileOf, groupsOf, open, rowsIn } from './support/files.ts';
import { metadataOf, rowsByHyparquet } from './support/hyparquet.ts';
import { expectRows } from './support/rows.ts';

const files = arbitrarySchema().chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    groups: fc.array(arbitraryRows(schema), { maxLength: 3 }),
    options: fc.record({
      codec: fc.constantFrom('snappy' as const, 'zstd' as const, 'uncompressed' as const),
      timestamps: fc.constantFrom('plain' as const, 'delta' as const),
    }),
  }),
);

/** What a file gives back of rows: sorted within their group, whole numbers without −0. */
function written(schema: TableSchema, groups: readonly (readonly Row[])[]): Row[] {
  return groups.flatMap((rows) => [...rowsOf(schema, tableOf(schema, sortedRows(schema, rows)))]);
}

describe('any tables', () => {
  test('come back with their rows, nulls and all, sorted in each row group', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ schema, groups, options }) => {
        const bytes = fileOf(schema, groups, options);
        expectRows(await rowsIn(bytes, schema), written(schema, groups));
        const filled = groups.filter((rows) => rows.length > 0);
        expect((await groupsOf(bytes, schema)).map((rows) => rows.length)).toEqual(filled.map((rows) => rows.length));
      }),
    );
  });

  test('are read by hyparquet as they are here', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ schema, groups, options }) => {
        const bytes = fileOf(schema, groups, options);
        expectRows(await rowsByHyparquet(bytes, schema), written(schema, groups));
      }),
    );
  });
});

describe('a file in the default profile', () => {
  test('has a footer of version 1, dictionaries for texts, PLAIN for numbers, and Snappy', () => {
    const visits = someVisits(50);
    const metadata = metadataOf(fileOf(VISIT_SCHEMA, [[...visits, ...visits]]));
    expect(metadata.version).toBe(1);
    expect(metadata.created_by).toBe('millrace version 0.1.0');
    const columns = metadata.row_groups[0]?.columns.map(({ meta_data: chunk }) => chunk);
    expect(new Set(columns?.map((chunk) => chunk?.codec))).toEqual(new Set(['SNAPPY']));
    expect(columns?.map((chunk) => [chunk?.path_in_schema[0], chunk?.encodings.at(-1)])).toEqual(
      VISIT_SCHEMA.columns.map(({ name, type }) => [name, type === 'string' ? 'PLAIN_DICTIONARY' : 'PLAIN']),
    );
  });

  test('has columns REQUIRED that are never null, and timestamps in microseconds of UTC', () => {
    const [, ...elements] = metadataOf(fileOf(VISIT_SCHEMA, [])).schema;
    expect(elements.map(({ name, repetition_type }) => [name, repetition_type])).toEqual(
      VISIT_SCHEMA.columns.map(({ name, nullable }) => [name, nullable ? 'OPTIONAL' : 'REQUIRED']),
    );
    expect(elements[0]).toMatchObject({ type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } });
    expect(elements[2]).toMatchObject({ type: 'INT32' });
    expect(elements.at(-1)).toMatchObject({
      type: 'INT64',
      converted_type: 'TIMESTAMP_MICROS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    });
  });

  test('tells what the caller has to tell, and the program', async () => {
    const metadata = new Map([
      ['millrace.commits', 'run-1,run-2'],
      ['größe', ''],
    ]);
    const file = await open(
      fileOf(VISIT_SCHEMA, [[aVisit()]], { metadata, createdBy: 'other version 2' }),
      VISIT_SCHEMA,
    );
    expect(file.metadata).toEqual(metadata);
    expect(file.createdBy).toBe('other version 2');
  });

  test('tells of each row group how many rows it has, where it is, and from when to when', async () => {
    const groups = [someVisits(30, 5_000_000_000_000), someVisits(10, 1_000_000_000_001)];
    const file = await open(fileOf(VISIT_SCHEMA, groups), VISIT_SCHEMA);
    const times = groups.map((rows) => rows.map((row) => Number(row.at(-1))));
    expect(file.rows).toBe(40);
    expect(file.rowGroups.map(({ rows, min, max }) => ({ rows, min, max }))).toEqual(
      times.map((all) => ({ rows: all.length, min: Math.min(...all), max: Math.max(...all) })),
    );
    expect(file.rowGroups[0]?.start).toBe(4);
    expect(file.rowGroups[1]?.start).toBe(4 + (file.rowGroups[0]?.bytes ?? 0));
    expect(file.rowGroups[1]?.end).toBe(file.footerOffset);
  });

  test('is valid without rows', async () => {
    for (const groups of [[], [[]]]) {
      const bytes = fileOf(VISIT_SCHEMA, groups);
      expectRows(await rowsIn(bytes, VISIT_SCHEMA), []);
      expectRows(await rowsByHyparquet(bytes, VISIT_SCHEMA), []);
    }
  });
});

test('a column of more than a page comes back, nulls at the borders of pages too', async () => {
  const schema: TableSchema = {
    columns: [
      { name: 'at', type: 'timestamp', nullable: false },
      { name: 'module', type: 'string', nullable: true },
      { name: 'packet', type: 'string', nullable: true },
      { name: 'share', type: 'double', nullable: true },
    ],
    orderBy: 'at',
  };
  const rows = Array.from({ length: 45_003 }, (_, index): Row => {
    // Nulls alone in the second page, none in the third.
    const module = index < 20_000 && index % 3 === 0 ? 'UDS' : index < 40_000 ? null : 'LBD';
    // Never the same.
    const packet = index % 20_000 < 2 ? null : `packet ${index}`;
    return [1_700_000_000_000_000 + index, module, packet, index % 19_999 === 0 ? null : index / 8];
  });
  const bytes = fileOf(schema, [rows]);
  expectRows(await rowsIn(bytes, schema), rows);
  expectRows(await rowsByHyparquet(bytes, schema), rows);
});

test('texts that are too large for a page together come back, from pages of at most a megabyte', async () => {
  const rows = Array.from({ length: 9 }, (_, index) =>
    aVisit({ ptid: String(index).repeat(400_000), module: index === 4 ? null : 'x'.repeat(index * 300_000) }),
  );
  const bytes = fileOf(VISIT_SCHEMA, [rows]);
  expectRows(await rowsIn(bytes, VISIT_SCHEMA), rows);
  expectRows(await rowsByHyparquet(bytes, VISIT_SCHEMA), rows);
  const chunk = metadataOf(bytes).row_groups[0]?.columns.find(
    ({ meta_data }) => meta_data?.path_in_schema[0] === 'ptid',
  );
  // Two of 400,000 bytes in each.
  expect(chunk?.meta_data?.encoding_stats).toEqual([{ page_type: 'DATA_PAGE', encoding: 'PLAIN', count: 5 }]);
});

test('some columns can be read alone, in any order', async () => {
  const file = await open(fileOf(VISIT_SCHEMA, [someVisits(5)]), VISIT_SCHEMA);
  const names = ['timestamp', 'ptid'];
  const schema = { ...VISIT_SCHEMA, columns: names.map((name) => column(name)) };
  for await (const table of readTables(file, { columns: names })) {
    expect([...rowsOf(schema, table)]).toEqual(someVisits(5).map((row) => [row.at(-1), row[6]]));
  }
});

test('a null in a column that holds none is refused when its table is of another schema', () => {
  const nullable = { ...VISIT_SCHEMA, columns: VISIT_SCHEMA.columns.map((spec) => ({ ...spec, nullable: true })) };
  const builder = createTableBuilder(nullable);
  builder.add(aVisit({ ptid: null }));
  expect(() => writeParquet(VISIT_SCHEMA, [builder.build()])).toThrow(InvalidValueError);
});

function column(name: string): TableSchema['columns'][number] {
  const spec = VISIT_SCHEMA.columns.find((other) => other.name === name);
  if (spec === undefined) throw new RangeError(name);
  return spec;
}

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Row, TableSchema, Value } from '../src/index.ts';
import { arbitraryRows, arbitrarySchema } from '../src/testing/index.ts';
import { append, compact, fileOf, groupsOf } from './support/files.ts';
import { metadataOf } from './support/hyparquet.ts';

const MAX_TEXT_BYTES = 64;

interface Bounds {
  readonly min: unknown;
  readonly max: unknown;
  readonly isMinExact: boolean;
  readonly isMaxExact: boolean;
}

/** Of each column chunk, as its footer tells them. */
function toldStatistics(bytes: Uint8Array) {
  return metadataOf(bytes).row_groups.map(({ columns }) =>
    columns.map(({ meta_data: chunk }) => {
      const statistics = chunk?.statistics;
      return {
        nulls: Number(statistics?.null_count),
        bounds: {
          min: statistics?.min_value,
          max: statistics?.max_value,
          isMinExact: statistics?.is_min_value_exact !== false,
          isMaxExact: statistics?.is_max_value_exact !== false,
        },
        // The deprecated ones.
        signed: [statistics?.min, statistics?.max],
      };
    }),
  );
}

function expectExact(values: readonly Value[], { min, max, isMinExact, isMaxExact }: Bounds): void {
  const present = values.filter((value) => value !== null).sort(compare);
  const [least, greatest] = [present.at(0), present.at(-1)];
  if (typeof least !== 'string' || typeof greatest !== 'string') {
    expect([isMinExact, isMaxExact]).toEqual([true, true]);
    expect(plain(min)).toBe(least === 0 ? -0 : least);
    expect(plain(max)).toBe(typeof greatest === 'number' ? greatest + 0 : greatest);
    return;
  }
  if (isMinExact) expect(min).toBe(least);
  else {
    expect(Buffer.byteLength(least)).toBeGreaterThan(MAX_TEXT_BYTES);
    expect(least.startsWith(String(min))).toBe(true);
  }
  if (isMaxExact) expect(max).toBe(greatest);
  else {
    expect(Buffer.byteLength(greatest)).toBeGreaterThan(MAX_TEXT_BYTES);
    expect(compare(String(max), greatest)).toBeGreaterThan(0);
  }
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) : a - Number(b);
}

/** Zeros have both signs in one column; of whole numbers there is one. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

async function expectStatisticsOf(bytes: Uint8Array, schema: TableSchema): Promise<void> {
  const groups = await groupsOf(bytes, schema);
  const told = toldStatistics(bytes);
  expect(told.length).toBe(groups.length);
  for (const [group, rows] of groups.entries()) {
    for (const [index, { type }] of schema.columns.entries()) {
      const values = rows.map((row: Row) => row[index] ?? null);
      const statistics = told[group]?.[index];
      if (statistics === undefined) throw new Error('a column chunk has no statistics');
      expect(statistics.nulls).toBe(values.filter((value) => value === null).length);
      expectExact(values, withoutZeroSigns(type, statistics.bounds));
      const { min, max } = statistics.bounds;
      expect(statistics.signed).toEqual(type === 'string' ? [undefined, undefined] : [min, max]);
    }
  }
}

/** Only doubles have a −0 for the least zero. */
function withoutZeroSigns(type: string, bounds: Bounds): Bounds {
  return type !== 'double' && bounds.min === 0 ? { ...bounds, min: -0 } : bounds;
}

const schemaAndGroups = arbitrarySchema().chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    groups: fc.array(arbitraryRows(schema, { maxLength: 20 }), { minLength: 1, maxLength: 3 }),
  }),
);

test('the statistics of each column chunk are those of its values, or wider where long texts are cut', async () => {
  await fc.assert(
    fc.asyncProperty(schemaAndGroups, async ({ schema, groups }) => {
      await expectStatisticsOf(fileOf(schema, groups), schema);
    }),
  );
});

test('they are so after appends, merges and compaction', async () => {
  const merge = { smallRows: 10, smallGroups: 3, tailGroups: 5, targetRows: 40, targetBytes: 1_000_000 };
  await fc.assert(
    fc.asyncProperty(schemaAndGroups, async ({ schema, groups }) => {
      let bytes = fileOf(schema, []);
      for (const rows of groups) ({ bytes } = await append(bytes, schema, rows, { merge }));
      await expectStatisticsOf(bytes, schema);
      await expectStatisticsOf(await compact(bytes, schema, { rowGroupRows: 25 }), schema);
    }),
  );
});

test('a text of which nothing greater is short is told in full', async () => {
  const schema: TableSchema = {
    columns: [
      { name: 'text', type: 'string', nullable: false },
      { name: 'at', type: 'timestamp', nullable: false },
    ],
    orderBy: 'at',
  };
  await expectStatisticsOf(fileOf(schema, [[['\u{10ffff}'.repeat(40), 1]]]), schema);
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  appendToParquet,
  CorruptParquetError,
  compactParquet,
  openParquet,
  type ParquetFile,
  type Row,
  readTables,
  UnsupportedParquetError,
} from '../src/index.ts';
import { checkedRowGroups } from '../src/read/row-group.ts';
import { aVisit, rowsOfAll, someVisits, tableOf, VISIT_SCHEMA } from '../src/testing/index.ts';
import { encodeFooter, type NewFooter, trailerOf } from '../src/write/footer.ts';
import { fileOf, open, rowsIn } from './support/files.ts';
import { writeByHyparquet } from './support/foreign.ts';
import { expectRows } from './support/rows.ts';

const ROWS = [...someVisits(12), ...someVisits(7, 1_800_000_000_000_000)];
const FILE = fileOf(VISIT_SCHEMA, [ROWS.slice(0, 12), ROWS.slice(12)], { metadata: new Map([['key', 'value']]) });

/** Either all rows as they were, or an error of the file: nothing else can come of damage. */
async function expectRowsOrRefusal(bytes: Uint8Array, rows: readonly Row[]): Promise<void> {
  try {
    expectRows(await rowsIn(bytes, VISIT_SCHEMA), rows);
  } catch (error) {
    if (!(error instanceof CorruptParquetError) && !(error instanceof UnsupportedParquetError)) throw error;
  }
}

describe('a damaged file', () => {
  test('is refused however much of its end is missing', async () => {
    const { footerOffset } = await open(FILE, VISIT_SCHEMA);
    const size = fc.oneof(fc.nat(FILE.length - 1), fc.integer({ min: footerOffset, max: FILE.length - 1 }));
    await fc.assert(
      fc.asyncProperty(size, async (left) => {
        await expect(open(FILE.subarray(0, left), VISIT_SCHEMA)).rejects.toThrow(CorruptParquetError);
      }),
      { numRuns: 300 },
    );
  });

  test('is refused, or read as it was, whichever byte of its footer is another', async () => {
    const { footerOffset } = await open(FILE, VISIT_SCHEMA);
    const change = fc.record({
      position: fc.integer({ min: footerOffset, max: FILE.length - 1 }),
      mask: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ position, mask }) => {
        const damaged = Uint8Array.from(FILE);
        damaged[position] = (damaged[position] ?? 0) ^ mask;
        await expectRowsOrRefusal(damaged, ROWS);
      }),
      { numRuns: 500 },
    );
  });

  test('is refused whichever byte of its pages is another', async () => {
    const { footerOffset } = await open(FILE, VISIT_SCHEMA);
    const change = fc.record({
      position: fc.integer({ min: 0, max: footerOffset - 1 }),
      mask: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ position, mask }) => {
        const damaged = Uint8Array.from(FILE);
        damaged[position] = (damaged[position] ?? 0) ^ mask;
        await expectRowsOrRefusal(damaged, ROWS);
      }),
      { numRuns: 300 },
    );
  });

  test('is refused, or read as it was, when bytes are missing in its middle', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(FILE.length - 1), fc.integer({ min: 1, max: 50 }), async (start, count) => {
        await expectRowsOrRefusal(Buffer.concat([FILE.subarray(0, start), FILE.subarray(start + count)]), ROWS);
      }),
    );
  });

  test('is refused when it is something else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isMarked) => {
        const ending = isMarked ? Buffer.from([bytes.length, 0, 0, 0, ...Buffer.from('PAR1')]) : Buffer.alloc(0);
        await expect(open(Buffer.concat([bytes, ending]), VISIT_SCHEMA)).rejects.toThrow(CorruptParquetError);
      }),
    );
  });

  test('is refused when its source has fewer bytes than it tells', async () => {
    const source = {
      size: FILE.length + 10,
      read: (start: number, end: number) => Promise.resolve(FILE.subarray(start, end)),
    };
    await expect(openParquet(source, VISIT_SCHEMA)).rejects.toThrow(CorruptParquetError);
  });
});

describe('a file is damaged whose footer', () => {
  /** The row groups of a file, with another footer. */
  async function withFooter(change: (structs: readonly Uint8Array[]) => Partial<NewFooter>): Promise<Uint8Array> {
    const { footer, columns, rows, footerOffset } = await open(FILE, VISIT_SCHEMA);
    const rowGroups = footer.rowGroups.map((group) => footer.bytes.slice(group.thriftStart, group.thriftEnd));
    const unchanged = { columns, rows, rowGroups, metadata: new Map(), createdBy: 'other version 1' };
    const bytes = encodeFooter({ ...unchanged, ...change(rowGroups) });
    return Buffer.concat([FILE.subarray(0, footerOffset), bytes, trailerOf(bytes)]);
  }

  test.each([
    [
      'has the same pages twice',
      ([first = FILE]: readonly Uint8Array[]) => ({ rowGroups: [first, first], rows: 24 }),
      'are of two columns',
    ],
    ['tells of fewer rows than there are', () => ({ rows: 18 }), 'tells of 18 rows, and its row groups have 19'],
    [
      'tells of a row group less',
      (all: readonly Uint8Array[]) => ({ rowGroups: all.slice(1) }),
      'its row groups have 7',
    ],
  ])('%s', async (_, change, reason) => {
    await expect(withFooter(() => ({})).then((bytes) => rowsIn(bytes, VISIT_SCHEMA))).resolves.toEqual(ROWS);
    const bytes = await withFooter(change);
    await expect(open(bytes, VISIT_SCHEMA)).rejects.toThrow(CorruptParquetError);
    await expect(open(bytes, VISIT_SCHEMA)).rejects.toThrow(reason);
  });
});

test('an error of the storage is thrown as it is', async () => {
  const failure = new Error('connection lost');
  const source = { size: FILE.length, read: () => Promise.reject(failure) };
  await expect(openParquet(source, VISIT_SCHEMA)).rejects.toBe(failure);
});

test('a footer that is longer than the first read is read whole, and no byte before it', async () => {
  const long = fileOf(VISIT_SCHEMA, [ROWS], { metadata: new Map([['long', 'x'.repeat(200_000)]]) });
  const reads: [number, number][] = [];
  const source = {
    size: long.length,
    read(start: number, end: number) {
      reads.push([start, end]);
      return Promise.resolve(long.subarray(start, end));
    },
  };
  const file = await openParquet(source, VISIT_SCHEMA);
  expect(file.metadata.get('long')?.length).toBe(200_000);
  expect(reads).toEqual([
    [long.length - 65_536, long.length],
    [file.footerOffset, long.length - 65_536],
  ]);
});

describe('a file of another table is refused with the reason', () => {
  const rows = someVisits(5);
  const timestamp = (changes: object) => writeByHyparquet([rows], { elements: { timestamp: changes } });
  const utc = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } as const;

  test.each([
    [
      'local time',
      timestamp({ converted_type: undefined, logical_type: { ...utc, isAdjustedToUTC: false } }),
      'the column timestamp has the type INT64 TIMESTAMP(MICROS, isAdjustedToUTC=false), where the table has timestamp',
    ],
    [
      'milliseconds',
      timestamp({ converted_type: 'TIMESTAMP_MILLIS', logical_type: { ...utc, unit: 'MILLIS' } }),
      'the column timestamp has the type INT64 TIMESTAMP(MILLIS, isAdjustedToUTC=true)',
    ],
    [
      'milliseconds without a logical type',
      timestamp({ converted_type: 'TIMESTAMP_MILLIS', logical_type: undefined }),
      'the column timestamp has the type INT64 TIMESTAMP_MILLIS',
    ],
    [
      'whole numbers in place of times',
      timestamp({ converted_type: undefined, logical_type: undefined }),
      'the column timestamp has the type INT64, where the table has timestamp',
    ],
    [
      'bytes that are no texts',
      writeByHyparquet([rows], { elements: { ptid: { converted_type: undefined, logical_type: undefined } } }),
      'the column ptid has the type BYTE_ARRAY, where the table has string',
    ],
    [
      'unsigned numbers',
      writeByHyparquet([rows], {
        elements: { pipeline_adcid: { logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: false } } },
      }),
      'the column pipeline_adcid has the type INT32 INTEGER(32, signed=false), where the table has int32',
    ],
    [
      'columns too few',
      writeByHyparquet([rows], { columns: VISIT_SCHEMA.columns.filter(({ name }) => name[0] !== 'p') }),
      'the column pipeline_adcid is missing; the column project_label is missing; the column ptid is missing',
    ],
    [
      'a column too many',
      fileOf(
        { ...VISIT_SCHEMA, columns: [...VISIT_SCHEMA.columns, { name: 'more', type: 'double', nullable: true }] },
        [],
      ),
      'the column more is not one of the table',
    ],
    [
      'a column REQUIRED where there may be nulls',
      fileOf({ ...VISIT_SCHEMA, columns: VISIT_SCHEMA.columns.map((spec) => ({ ...spec, nullable: false })) }, [
        [aVisit()],
      ]),
      'the column visit_number is REQUIRED, where the table has nulls',
    ],
    [
      'nulls where there are none',
      writeByHyparquet([[aVisit(), aVisit({ ptid: null })]], { optional: true }),
      'row group 0: the column ptid has nulls, where the table has none',
    ],
  ])('%s', async (_, bytes, reason) => {
    await expect(open(bytes, VISIT_SCHEMA)).rejects.toThrow(UnsupportedParquetError);
    await expect(open(bytes, VISIT_SCHEMA)).rejects.toThrow(reason);
  });

  test('an encrypted file', async () => {
    const encrypted = Uint8Array.from(FILE);
    // At both ends, so that it is told of small files too, whose first bytes are read.
    encrypted.set(Buffer.from('PARE'));
    encrypted.set(Buffer.from('PARE'), FILE.length - 4);
    await expect(open(encrypted, VISIT_SCHEMA)).rejects.toThrow(new UnsupportedParquetError('the file is encrypted'));
  });
});

describe('a file with row groups that cannot be read', () => {
  /** The codec of all chunks is LZO. */
  async function withUnknownCodec(): Promise<ParquetFile> {
    const file = await open(FILE, VISIT_SCHEMA);
    const unreadable = 'the column action has the codec LZO';
    return { ...file, rowGroups: file.rowGroups.map((group) => ({ ...group, unreadable })) };
  }

  test('is refused before its first rows are read', async () => {
    const file = await withUnknownCodec();
    await expect(readTables(file).next()).rejects.toThrow('row group 0: the column action has the codec LZO');
    await expect(compactParquet(file).next()).rejects.toThrow(UnsupportedParquetError);
  });

  test('grows by appends, which merge none of them', async () => {
    const merge = { smallRows: 100, smallGroups: 1, tailGroups: 1, targetRows: 200, targetBytes: 1_000_000 };
    const table = tableOf(VISIT_SCHEMA, someVisits(3));
    expect(await appendToParquet(await withUnknownCodec(), table, { merge })).toMatchObject({
      merged: 0,
      rowGroups: 3,
    });
    const readable = await open(FILE, VISIT_SCHEMA);
    expect(await appendToParquet(readable, table, { merge })).toMatchObject({ merged: 19, rowGroups: 1 });
  });
});

test('a row group of more rows than fit in memory is not read, whatever its footer tells of', async () => {
  const { footer, columns, footerOffset } = await open(FILE, VISIT_SCHEMA);
  const unreadable = (rows: number) => {
    const rowGroups = footer.rowGroups.slice(0, 1).map((group) => {
      return { ...group, rows, chunks: group.chunks.map((chunk) => ({ ...chunk, values: rows })) };
    });
    const [group] = checkedRowGroups({ ...footer, rows, rowGroups }, columns, VISIT_SCHEMA, footerOffset);
    return group?.unreadable;
  };
  expect(unreadable(2 ** 26)).toBeUndefined();
  expect(unreadable(2 ** 26 + 1)).toBe('it has 67108865 rows, and no more than 67108864 are read at once');
  expect(unreadable(2 ** 53 - 1)).toContain('rows');
});

test('nulls that no statistics tell of are refused when they are read', async () => {
  const bytes = writeByHyparquet([[aVisit(), aVisit({ ptid: null })]], { optional: true, statistics: false });
  const file = await open(bytes, VISIT_SCHEMA);
  await expect(readTables(file).next()).rejects.toThrow('row group 0: the column ptid: it has nulls');
  const tables = [];
  for await (const table of readTables(file, { columns: ['action'] })) tables.push(table);
  expect(rowsOfAll({ ...VISIT_SCHEMA, columns: VISIT_SCHEMA.columns.slice(0, 1) }, tables)).toEqual([
    ['submit'],
    ['submit'],
  ]);
});

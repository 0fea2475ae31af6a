/** What is written, read back. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Table, tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { type Engine, openEngine } from '../src/engine/engine.ts';
import { type Block, firstRows, type QueryResult } from '../src/engine/result.ts';
import { arrowBytes } from '../src/output/arrow.ts';
import { chartText } from '../src/output/chart.ts';
import { csvText } from '../src/output/csv.ts';
import { jsonText } from '../src/output/json.ts';
import { ask, rowsOf, textOf } from './support/checkpoint.ts';

let engine: Engine;
beforeAll(async () => {
  const signal = new AbortController().signal;
  engine = await openEngine({ tables: [], memoryLimit: '500MB', threads: 1, scratch: '', signal });
});
afterAll(() => engine.close());

async function one(expression: string): Promise<unknown> {
  const [row] = await rowsOf(engine, `SELECT ${expression} AS v`);
  return row?.['v'];
}

async function csv(sql: string): Promise<string> {
  return await textOf(csvText(await ask(engine, sql)));
}

async function arrow(sql: string): Promise<Table> {
  return tableFromIPC(await bytesOf(await ask(engine, sql)));
}

async function bytesOf(result: QueryResult): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of arrowBytes(result)) parts.push(part);
  return Buffer.concat(parts);
}

describe('JSON', () => {
  test.each<[string, unknown]>([
    ['9007199254740991::BIGINT', 9_007_199_254_740_991],
    ['9007199254740992::BIGINT', '9007199254740992'],
    ['(-9007199254740993)::BIGINT', '-9007199254740993'],
    ['sum(5::INTEGER)', 5],
    ["'170141183460469231731687303715884105727'::HUGEINT", '170141183460469231731687303715884105727'],
    ['1.10::DECIMAL(18,2)', 1.1],
    ['(-0.001)::DECIMAL(18,3)', -0.001],
    ["'1234567890123456.78'::DECIMAL(18,2)", '1234567890123456.78'],
    ["'nan'::DOUBLE", 'NaN'],
    ["'-inf'::DOUBLE", '-Infinity'],
    ['0.1::DOUBLE', 0.1],
    ['NULL', null],
    ["TIMESTAMPTZ '2026-11-22 10:00:00.123456+01'", '2026-11-22T09:00:00.123456Z'],
    ["TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", '1969-12-31T23:59:59.999999Z'],
    ["TIMESTAMP '2026-11-22 10:00:00'", '2026-11-22T10:00:00.000000'],
    ["'infinity'::TIMESTAMPTZ", 'infinity'],
    ["DATE '2026-11-22'", '2026-11-22'],
    ['[1, NULL, 3]', [1, null, 3]],
    ["{'a': 1, 'b': [TIMESTAMPTZ '2026-11-22 10:00:00+00']}", { a: 1, b: ['2026-11-22T10:00:00.000000Z'] }],
    ["MAP {'k': 9007199254740993}", [['k', '9007199254740993']]],
    ["'a\"\u2028\n'", 'a"\u2028\n'],
  ])('%s', async (expression, value) => {
    expect(await one(expression)).toEqual(value);
  });

  test('is an array, one row on each line, also of none', async () => {
    expect(await textOf(jsonText(await ask(engine, 'SELECT i AS a FROM range(3) r(i)')))).toBe(
      '[\n{"a":0},\n{"a":1},\n{"a":2}\n]\n',
    );
    expect(await textOf(jsonText(await ask(engine, 'SELECT 1 WHERE false')))).toBe('[]\n');
  });

  test('gives columns of the same name different ones', async () => {
    const [row] = await rowsOf(engine, 'SELECT 1 AS a, 2 AS a');
    expect(Object.values(row ?? {})).toEqual([1, 2]);
  });

  test('has all rows of many blocks, in order', async () => {
    const rows = await rowsOf(engine, 'SELECT i FROM range(10000) r(i) ORDER BY i');
    expect(rows.map(({ i }) => i)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });
});

describe('a limit', () => {
  test.each([
    [0, 5_000, 0, true],
    [1, 5_000, 1, true],
    [2_048, 5_000, 2_048, true],
    [4_999, 5_000, 4_999, true],
    [5_000, 5_000, 5_000, false],
    [5_001, 5_000, 5_000, false],
    [0, 0, 0, false],
  ])('of %i leaves of %i rows %i, and says whether there are more', async (limit, all, left, isCut) => {
    let more = false;
    const result = await ask(engine, `SELECT i FROM range(${all}) r(i)`);
    const text = await textOf(
      jsonText(
        firstRows(result, limit, () => {
          more = true;
        }),
      ),
    );
    expect({ left: (JSON.parse(text) as unknown[]).length, isCut: more }).toEqual({ left, isCut });
  });
});

describe('CSV', () => {
  test('tells NULL from an empty text, and quotes what needs it', async () => {
    expect(
      await csv(`SELECT 1 AS a, NULL AS "b,c", '' AS d, 'x"y' AS e, 'l1\r\nl2' AS f, 1.50::DECIMAL(5,2) AS g`),
    ).toBe('a,"b,c",d,e,f,g\r\n1,,"","x""y","l1\r\nl2",1.50\r\n');
  });

  test('can be read back, whatever the texts', async () => {
    const texts = fc.array(fc.option(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', 'é') })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(texts, async (row) => {
        const values = row.map((text) => (text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`));
        const [, fields] = readCsv(
          await csv(`SELECT ${values.map((value, index) => `${value} AS c${index}`).join(', ')}`),
        );
        expect(fields).toEqual(row);
      }),
      { numRuns: 100 },
    );
  });
});

/** A reader of RFC 4180 to whom an empty field without quotes is null. */
function readCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let fields: (string | null)[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    fields.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(fields);
    fields = [];
  }
  return rows;
}

describe('Arrow', () => {
  test('has the types of DuckDB, and NULL everywhere', async () => {
    const columns = {
      bool: 'true',
      tiny: '1::TINYINT',
      int: '2::INTEGER',
      big: '9007199254740993::BIGINT',
      huge: '-7::HUGEINT',
      decimal: '1.50::DECIMAL(10,2)',
      float: '1.5::FLOAT',
      double: '0.1::DOUBLE',
      text: "'é'",
      day: "DATE '2026-11-22'",
      instant: "TIMESTAMPTZ '2026-11-22 10:00:00.123456+00'",
      local: "TIMESTAMP '2026-11-22 10:00:00'",
      list: '[1, 2]',
      blob: "'\\xFF'::BLOB",
    };
    const values = Object.entries(columns).map(([name, value]) => `${value} AS "${name}"`);
    const nulls = Object.entries(columns).map(([name, value]) => `nullif(${value}, ${value}) AS "${name}"`);
    const table = await arrow(`SELECT ${values.join(', ')} UNION ALL SELECT ${nulls.join(', ')}`);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'bool Bool',
      'tiny Int8',
      'int Int32',
      'big Int64',
      'huge Decimal[38e0]',
      'decimal Decimal[10e+2]',
      'float Float32',
      'double Float64',
      'text Utf8',
      'day Date32<DAY>',
      'instant Timestamp<MICROSECOND, UTC>',
      'local Timestamp<MICROSECOND>',
      'list Utf8',
      'blob Binary',
    ]);
    expect(table.get(0)?.toJSON()).toMatchObject({
      bool: true,
      tiny: 1,
      int: 2,
      big: 9_007_199_254_740_993n,
      float: 1.5,
      double: 0.1,
      text: 'é',
      day: Date.UTC(2026, 10, 22),
      instant: Date.UTC(2026, 10, 22, 10) + 123.456,
      list: '[1,2]',
      blob: new Uint8Array([0xff]),
    });
    expect(String(table.getChild('decimal')?.get(0))).toBe('150');
    expect(String(table.getChild('huge')?.get(0))).toBe('-7');
    for (const value of Object.values(table.get(1)?.toJSON() ?? {})) expect(value).toBeNull();
  });

  test('keeps the microseconds as they are', async () => {
    const table = await arrow("SELECT TIMESTAMPTZ '2026-11-22 10:00:00.123457+00' AS t");
    const [chunk] = table.getChild('t')?.data ?? [];
    expect(chunk?.values[0]).toBe(BigInt(Date.UTC(2026, 10, 22, 10)) * 1_000n + 123_457n);
  });

  test('has all rows of several batches, in order', async () => {
    const table = await arrow(
      "SELECT i::INTEGER AS i, CASE WHEN i % 3 = 0 THEN NULL ELSE 't' || i END AS t FROM range(150000) r(i) ORDER BY i",
    );
    expect(table.numRows).toBe(150_000);
    expect(table.batches.length).toBeGreaterThan(1);
    const [i, t] = [table.getChild('i'), table.getChild('t')];
    for (let row = 0; row < 150_000; row += 997) {
      expect([i?.get(row), t?.get(row)]).toEqual([row, row % 3 === 0 ? null : `t${row}`]);
    }
  });

  test('says what its columns are when it has no rows', async () => {
    const table = await arrow("SELECT 1 AS a, 'x' AS b WHERE false");
    expect(table.numRows).toBe(0);
    expect(table.schema.fields.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('ends with an error of its rows', async () => {
    const { columns } = await ask(engine, 'SELECT 1 AS a');
    async function* failing(): AsyncGenerator<Block> {
      yield [[1]];
      await Promise.reject(new Error('half-way'));
    }
    await expect(bytesOf({ columns, blocks: failing() })).rejects.toThrow('half-way');
  });
});

describe('a chart', () => {
  async function chart(sql: string, width = 60, columns?: readonly [string, string]) {
    const text = await chartText(await ask(engine, sql), { width, clean: (label) => label, columns });
    for (const line of text.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(width);
    return text;
  }

  test('of labels has bars as long as their numbers', async () => {
    const sql = "SELECT * FROM (VALUES ('alpha', 40), ('b', 20), ('c', 1), (NULL, 0), ('e', NULL)) t(center, events)";
    expect(await chart(sql, 52)).toBe(
      [
        'events by center',
        `alpha  ${'█'.repeat(42)} 40`,
        `b      ${'█'.repeat(21)} 20`,
        'c      █ 1',
        '(null) 0',
        'e      –',
        '',
      ].join('\n'),
    );
  });

  test('of days is a line from the first to the last, with 0 at its foot', async () => {
    const text = await chart("SELECT DATE '2026-11-01' + i::INTEGER AS day, 10 * i AS n FROM range(11) r(i)", 60);
    expect(text).toMatch(/^n by day\n/);
    expect(text).toContain('2026-11-01');
    expect(text).toContain('2026-11-11');
    const marks = [...text.matchAll(/^ *([\d,.]+)┤/gm)].map(([, mark]) => mark);
    expect(marks).toEqual(['100', '75', '50', '25', '0']);
    // It only rises: no line begins to the left of the one below it.
    const starts = text
      .split('\n')
      .filter((line) => /[│┤].*[━┏┛]/.test(line))
      .map((line) => line.search(/[━┏┛]/));
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
  });

  test('of times says the hour', async () => {
    const text = await chart(
      "SELECT TIMESTAMPTZ '2026-11-22 00:00:00+00' + INTERVAL (i) HOUR AS hour, i AS n FROM range(24) r(i)",
      80,
    );
    expect(text).toContain('11-22 00:00');
    expect(text).toContain('11-22 23:00');
  });

  test('of negative numbers keeps their signs', async () => {
    const text = await chart('SELECT i, -1000 * i AS n FROM range(11) r(i)', 60);
    expect(text).toContain('-10,000┤');
    expect(text).toContain('-2,500┤');
  });

  test('of one time is a bar, and of none says so', async () => {
    expect(await chart("SELECT DATE '2026-11-01' AS day, 3 AS n")).toMatch(/^n by day\n2026-11-01 █+ 3\n$/);
    expect(await chart("SELECT 'a' AS a, 3 AS n WHERE false")).toBe('n by a\n(no rows)\n');
  });

  test('takes the columns that it is given', async () => {
    expect(await chart("SELECT 1 AS a, 'x' AS b, 2 AS c", 40, ['b', 'c'])).toMatch(/^c by b\nx █+ 2\n$/);
  });

  test('cuts labels that are too long, and fits', async () => {
    expect(await chart("SELECT repeat('x', 200) AS a, 1234567.891 AS n", 40)).toMatch(
      /^n by a\nx{15}… █+ 1\.23457e\+6|1,234,57\d/,
    );
  });

  test.each([
    ['SELECT 1', 'a chart needs two columns, a label or a time and then a number: there are 1'],
    ['SELECT 1, 2, 3', 'a chart needs two columns, a label or a time and then a number: there are 3'],
    ["SELECT 1 AS a, 'x' AS b", 'a chart needs numbers: b is VARCHAR'],
  ])('of %s is refused', async (sql, message) => {
    await expect(chart(sql)).rejects.toMatchObject({ code: 'chart', message });
  });
});

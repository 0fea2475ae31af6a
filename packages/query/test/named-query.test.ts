import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import fc from 'fast-check';
import { parseNamedQuery } from '../src/named-query/named-query.ts';
import { loadPack } from '../src/named-query/pack.ts';
import { type Parameter, type ParameterType, readParameterValues, readValue } from '../src/named-query/parameters.ts';
import {
  athenaLiteral,
  prepareForAthena,
  readableSql,
  renderForAthena,
  renderForDuckdb,
} from '../src/named-query/render.ts';

const NOW = Date.UTC(2026, 10, 22, 10);

const FILE = `-- title: Events
-- answers: Which?
-- table: visit_events
-- chart: day, events
-- param ptid string required: the participant: its id
-- param from timestamp = 2026-01-01T00:00:00Z: not before
-- param adcid integer: the center
-- param day date: that day
--
-- More of it,
-- on two lines.
SELECT 1 FROM visit_events
WHERE ptid = {{ptid}} AND "timestamp" >= {{from}} AND {{>visit}} AND ptid <> {{ptid}} AND {{adcid}} AND {{day}}
ORDER BY 1`;
const QUERY = parseNamedQuery('events', FILE);

describe('the file of a named query', () => {
  test('says what it is, before its SQL', () => {
    expect(QUERY).toMatchObject({
      name: 'events',
      title: 'Events',
      answers: 'Which?',
      table: { table: 'visit_events' },
      chart: ['day', 'events'],
      notes: 'More of it, on two lines.',
      parameters: [
        { name: 'ptid', type: 'string', isRequired: true, missing: undefined, about: 'the participant: its id' },
        { name: 'from', type: 'timestamp', isRequired: false, missing: '2026-01-01T00:00:00Z', about: 'not before' },
        { name: 'adcid', type: 'integer', isRequired: false, missing: undefined, about: 'the center' },
        { name: 'day', type: 'date', isRequired: false, missing: undefined, about: 'that day' },
      ],
    });
    expect(QUERY.template).toMatch(/^SELECT 1[\s\S]*ORDER BY 1$/);
  });

  test.each([
    ['-- title: Events\n', '', 'must have one line "title:"'],
    ['-- title: Events', '-- title: Events\n-- title: Again', 'must have one line "title:"'],
    ['table: visit_events', 'table: events', 'names no table: "events"'],
    ['chart: day, events', 'chart: day', 'chart: must name two columns'],
    ['-- chart:', '-- chat:', 'has a line it should not have: "chat"'],
    ['ORDER BY 1', '', 'must say in which order its rows come'],
    ['adcid integer', 'adcid number', 'has a parameter of no known form: "param adcid number"'],
    ['= 2026-01-01T00:00:00Z', '= 2026-01-01', 'the default of from is no timestamp in its usual form'],
    ['adcid integer', 'center integer', 'uses an undeclared adcid; does not use center'],
    ['{{>visit}}', '{{>visits}}', 'uses a fragment it has not: visits'],
    ['param adcid integer', 'param ptid integer', 'uses an undeclared adcid; declares ptid twice'],
  ])('is refused with %j as %j', (from, to, problem) => {
    expect(FILE).toContain(from);
    expect(() => parseNamedQuery('events', FILE.replace(from, to))).toThrow(`events.sql ${problem}`.trim());
  });
});

describe('the pack', () => {
  test('has its 18 queries, each with a question as its answer', () => {
    const pack = loadPack();
    expect(pack).toHaveLength(18);
    for (const { answers } of pack) expect(answers).toMatch(/^[A-Z].*\?$/);
  });
});

describe('a value', () => {
  test.each<[ParameterType, string, string | undefined]>([
    ['integer', '007', '7'],
    ['integer', '-3', '-3'],
    ['integer', '1.5', undefined],
    ['integer', '', undefined],
    ['date', '2026-11-22', '2026-11-22'],
    ['date', '2026-02-30', undefined],
    ['date', '2d', '2026-11-20'],
    ['date', '2026-11-22T10:00:00Z', '2026-11-22'],
    ['timestamp', '2026-11-22', '2026-11-22T00:00:00Z'],
    ['timestamp', '2026-11-22 10:00', '2026-11-22T10:00:00Z'],
    ['timestamp', '2026-11-22T10:00:00.1234', '2026-11-22T10:00:00.1234Z'],
    ['timestamp', '2026-11-22T10:00:00.123456+01:00', '2026-11-22T09:00:00.123456Z'],
    ['timestamp', '2026-11-22T10:00:00.1234567Z', undefined],
    ['timestamp', '90m', '2026-11-22T08:30:00Z'],
    ['timestamp', '999999d', undefined],
    ['timestamp', 'yesterday', undefined],
    ['timestamp', '25:00', undefined],
    ['string', "o'x {{ptid}} $1", "o'x {{ptid}} $1"],
    ['string', 'a\0b', undefined],
    ['string', '\ud800', undefined],
  ])('of type %s: %j is %j', (type, text, value) => {
    expect(readValue(type, text, NOW)).toBe(value);
  });

  test('is said to be wrong together with all others that are', () => {
    const read = () => readParameterValues(QUERY.parameters, ['x=1', 'adcid=a', 'day', 'from=1d', 'from=2d'], NOW);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      [
        '--param x: there is none of this name; there are ptid, from, adcid, day',
        '--param adcid: must be a whole number, not "a"',
        '--param day: must be NAME=VALUE',
        '--param from: is given twice',
        '--param ptid=… is missing: the participant: its id (string)',
      ].join('\n'),
    );
  });

  test('may hold what separates it from its name', () => {
    const values = readParameterValues(QUERY.parameters, ['ptid=a=b', 'from=2026-11-22'], NOW);
    expect([...values]).toEqual([
      ['ptid', 'a=b'],
      ['from', '2026-11-22T00:00:00Z'],
      ['adcid', null],
      ['day', null],
    ]);
  });
});

describe('a statement', () => {
  const values = new Map([
    ['ptid', "o'x {{from}}"],
    ['from', '2026-11-22T10:00:00.5Z'],
    ['adcid', null],
    ['day', '2026-11-22'],
  ]);

  test('of DuckDB binds its values', () => {
    const { sql, values: bound } = renderForDuckdb(QUERY, values);
    expect(sql).toContain(
      'ptid = CAST($1 AS VARCHAR) AND "timestamp" >= CAST($2 AS TIMESTAMPTZ) AND study, pipeline_adcid',
    );
    expect(sql).toContain('ptid <> CAST($1 AS VARCHAR) AND CAST($3 AS BIGINT) AND CAST($4 AS DATE)');
    expect(bound).toEqual(["o'x {{from}}", '2026-11-22T10:00:00.5Z', null, '2026-11-22']);
  });

  test('of Athena has them as literals', () => {
    const sql = renderForAthena(QUERY, values);
    expect(sql).toContain(`ptid = 'o''x {{from}}' AND "timestamp" >= TIMESTAMP '2026-11-22 10:00:00.5' AND`);
    expect(sql).toContain("AND CAST(NULL AS bigint) AND DATE '2026-11-22'");
  });

  test('that is prepared for Athena names them in the order of their use', () => {
    const { sql, parameters } = prepareForAthena(QUERY);
    expect(parameters).toEqual(['ptid', 'from', 'ptid', 'adcid', 'day']);
    expect(sql.match(/CAST\(\? AS [a-z0-9()]+\)/g)).toEqual([
      'CAST(? AS varchar)',
      'CAST(? AS timestamp(6))',
      'CAST(? AS varchar)',
      'CAST(? AS bigint)',
      'CAST(? AS date)',
    ]);
  });

  test('for people keeps the names of its parameters', () => {
    expect(readableSql(QUERY)).toContain('ptid = {{ptid}} AND "timestamp" >= {{from}} AND study,');
  });

  test('holds any text as one literal', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '\\', '"', '-', '\n', 'x', ';', '{{', '}}', '$') });
    fc.assert(
      fc.property(text, (value) => {
        const literal = athenaLiteral('string', value);
        expect(literal).toMatch(/^'(?:[^']|'')*'$/);
        expect(literal.slice(1, -1).replaceAll("''", "'")).toBe(value);
      }),
      { numRuns: 200 },
    );
  });
});

test('a parameter of the pack says what it does', () => {
  const all: Parameter[] = loadPack().flatMap(({ parameters }) => parameters);
  for (const { about } of all) expect(about).toMatch(/^(only |the )/);
});

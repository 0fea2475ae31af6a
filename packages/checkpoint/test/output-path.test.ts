import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createDataset, DATASET_NAMES, renderTemplate, templateProblems } from '@millrace/checkpoint';
import fc from 'fast-check';

const TEMPLATE = '{study}/{datatype}/events.parquet';
const FIELDS = ['study', 'datatype'];
const RUNS = { numRuns: 500 };

/** Any text, and those that mean something in a path or come near to what escapes give. */
const values = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary', minLength: 100, maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom('.', '/', '-', '_', '\\', 'a', 'A', '2', 'e', 'u', '%', '\0', 'é', '\ud83e') }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    '/',
    '/etc',
    '-',
    '_',
    '_-',
    '_2e',
    '-_2e',
    'con',
    '~',
    'adrc',
    'events.parquet',
  ),
);

const render = (study: string, datatype = 'form'): string => renderTemplate(TEMPLATE, { study, datatype });

describe('the path of a group', () => {
  test('is the template, with the values that need nothing as they are', () => {
    expect(render('adrc', 'genetic-availability')).toBe('adrc/genetic-availability/events.parquet');
    expect(renderTemplate('dt={dt}/deliveries.parquet', { dt: '2026-11-22' })).toBe('dt=2026-11-22/deliveries.parquet');
    expect(renderTemplate('events.parquet', {})).toBe('events.parquet');
  });

  test.each([
    ['DVCID.2', 'DVCID.2'],
    ['a b', 'a_20b'],
    ['a_b', 'a_5fb'],
    ['é', '-_e9'],
    ['東京', '-_u6771_u4eac'],
    ['', '-'],
    ['..', '-_2e.'],
    ['../x', '-_2e._2fx'],
    ['_hidden', '-_5fhidden'],
    ['-', '-_2d'],
  ])('has for the value %j the segment %s', (value, segment) => {
    expect(render(value)).toBe(`${segment}/form/events.parquet`);
  });

  test('stays inside its folder, as deep as its template, visible and short, for any value', () => {
    fc.assert(
      fc.property(values, values, (study, datatype) => {
        const path = render(study, datatype);
        expect(path).toMatch(/^[A-Za-z0-9-][A-Za-z0-9._-]*\/[A-Za-z0-9-][A-Za-z0-9._-]*\/events\.parquet$/);
        expect(posix.normalize(`/folder/${path}`)).toBe(`/folder/${path}`);
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(768);
        for (const segment of path.split('/')) expect(segment.length).toBeLessThanOrEqual(255);
      }),
      RUNS,
    );
  });

  test('is the same for the same values, and different for different ones', () => {
    const pair = fc.oneof(fc.tuple(values, values), fc.tuple(values, fc.nat(), values).map(changed));
    fc.assert(
      fc.property(pair, pair, ([one, other], [first, second]) => {
        expect(render(one) === render(other)).toBe(one === other);
        expect(render(one, first) === render(other, second)).toBe(one === other && first === second);
      }),
      RUNS,
    );
  });

  test('of a long value has a hash of all of it', () => {
    const long = 'a'.repeat(5_000);
    const values = [long, `${long}b`, `b${long}`, 'a'.repeat(121), `${long}\ud83e`, `${long}\ud83d`];
    const paths = values.map((value) => render(value));
    expect(new Set(paths).size).toBe(values.length);
    expect(paths[0]).toMatch(/^a{80}_-[0-9a-f]{32}\/form\//);
    expect(render('a'.repeat(120))).toBe(`${'a'.repeat(120)}/form/events.parquet`);
  });

  test('is not made when a value is missing', () => {
    expect(() => renderTemplate(TEMPLATE, { study: 'adrc' })).toThrow('there is no value for {datatype}');
    expect(() => renderTemplate('{toString}.parquet', {})).toThrow(RangeError);
  });
});

describe('a template', () => {
  test.each([TEMPLATE, 'events.parquet', 'study={study}/type={datatype}/v1.2_events.parquet', '{study}.parquet'])(
    'may be %s',
    (template) => {
      expect(templateProblems(template, FIELDS)).toEqual([]);
    },
  );

  test.each([
    ['', ['must end in .parquet', 'must not have empty segments']],
    ['/{study}/a.parquet', ['must not begin with /']],
    ['{study}//a.parquet', ['must not have empty segments']],
    ['{study}/', ['must end in .parquet', 'must not have empty segments']],
    ['../a.parquet', ['must not have the segment ..']],
    ['{study}/./a.parquet', ['must not have the segment .']],
    ['_old/.parquet', [hidden('_old'), hidden('.parquet')]],
    ['{ptid}/a.parquet', ['names the field {ptid}; there are {study}, {datatype}']],
    ['{}.parquet', ['names the field {}; there are {study}, {datatype}']],
    ['{study/a.parquet', [characters('{study')]],
    ['a b/é.parquet', [characters('a b'), characters('é.parquet')]],
    ['{study}-{datatype}.parquet', ['must have at most one field in a segment: {study}-{datatype}.parquet']],
    ['{study}/events.json', ['must end in .parquet']],
  ])('is refused with every reason: %j', (template, problems) => {
    expect(templateProblems(template, FIELDS)).toEqual(problems);
  });

  test('tells all its problems at once', () => {
    expect(templateProblems('/../{a}//_b/{study}{study}', ['study'])).toHaveLength(7);
  });

  test('is bounded, with the longest values that there can be', () => {
    const segment = 'a'.repeat(256);
    expect(templateProblems(`${segment}/b.parquet`, [])).toEqual([expect.stringContaining('longer than 255')]);
    expect(templateProblems(`${'{study}/'.repeat(7)}a.parquet`, FIELDS)).toEqual(['can give more than 768 characters']);
    expect(templateProblems(`${'{study}/'.repeat(6)}a.parquet`, FIELDS)).toEqual([]);
  });

  test('that has no problem keeps any value inside', () => {
    const part = fc.constantFrom(
      '{study}',
      '{datatype}',
      'a',
      '.',
      '..',
      '',
      '_',
      '=',
      '{',
      '}',
      'é',
      '{x}',
      '/',
      '.parquet',
    );
    const templates = fc
      .array(part, { maxLength: 8 })
      .map((parts) => `${parts.join('')}/e.parquet`)
      .filter((template) => templateProblems(template, FIELDS).length === 0);
    fc.assert(
      fc.property(templates, values, values, (template, study, datatype) => {
        const path = renderTemplate(template, { study, datatype });
        expect(posix.normalize(`/folder/${path}`)).toBe(`/folder/${path}`);
        expect(path.split('/')).toHaveLength(template.split('/').length);
        expect(path).toMatch(/^[A-Za-z0-9._=/-]{1,768}$/);
      }),
      RUNS,
    );
  });

  test.each(DATASET_NAMES)('of the dataset %s has no problem', (name) => {
    const { template, templateFields } = createDataset(name);
    expect(templateProblems(template, templateFields)).toEqual([]);
  });
});

function hidden(segment: string): string {
  return `must not have a segment that begins with . or _: ${segment}`;
}

function characters(segment: string): string {
  return `must have only A-Z a-z 0-9 . _ = - besides its fields: ${segment}`;
}

/** A value, and the same with one unit of another in it. */
function changed([value, at, other]: [string, number, string]): [string, string] {
  const position = at % (value.length + 1);
  return [value, value.slice(0, position) + other.slice(0, 1) + value.slice(position + 1)];
}

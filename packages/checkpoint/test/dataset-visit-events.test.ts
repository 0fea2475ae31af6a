import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createDataset } from '@millrace/checkpoint';
import { aVisitEvent, brokenEvents, brokenObjects, toJsonEvent, visitEvents } from '@millrace/checkpoint/testing';
import fc from 'fast-check';
import { MAX_PROBLEMS } from '../src/datasets/object-reading.ts';
import { serializeVisitEvent, type VisitEvent } from '../src/datasets/visit-events/visit-event.ts';

const dataset = createDataset('visit-events');
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = serializeVisitEvent(aVisitEvent());
const other = serializeVisitEvent(aVisitEvent({ ptid: '110002' }));

function rowOf(event: VisitEvent) {
  const fields = { study: event.study, datatype: event.datatype };
  return { values: dataset.schema.columns.map(({ name }) => event[name as keyof VisitEvent]), ...at(event), fields };
}

function at({ timestamp }: VisitEvent) {
  return { timestamp };
}

/** Ids of the rows, and the problems as text. */
function read(bytes: Uint8Array) {
  const { rows, problems } = dataset.readObject(bytes);
  const ptid = dataset.schema.columns.findIndex(({ name }) => name === 'ptid');
  const told = problems.map(({ line, field, message }) => [line, field, message].filter((part) => part !== undefined));
  return { ptids: rows.map(({ values }) => values[ptid]), problems: told.map((parts) => parts.join(': ')) };
}

describe('the table of visit events', () => {
  test('has its columns in their order, three of them nullable', () => {
    const { columns, orderBy } = dataset.schema;
    expect(columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? ' or null' : ''}`)).toEqual([
      'action string',
      'study string',
      'pipeline_adcid int32',
      'project_label string',
      'center_label string',
      'gear_name string',
      'ptid string',
      'visit_date string',
      'visit_number string or null',
      'datatype string',
      'module string or null',
      'packet string or null',
      'timestamp timestamp',
    ]);
    expect(orderBy).toBe('timestamp');
  });
});

describe('an object of visit events', () => {
  test('gives a row for its event, plain or compressed, in lines or alone', () => {
    fc.assert(
      fc.property(fc.array(visitEvents(), { minLength: 1, maxLength: 5 }), fc.boolean(), (events, isGzip) => {
        const bytes = encode(events.map(serializeVisitEvent).join('\n'));
        const reading = dataset.readObject(isGzip ? gzipSync(bytes) : bytes);
        expect(reading).toEqual({ rows: events.map(rowOf), filtered: new Map(), problems: [] });
      }),
    );
  });

  test('gives the rows of its good lines, and the problems of its bad ones, wherever they stand', () => {
    const good = visitEvents().map((event) => ({ line: encode(serializeVisitEvent(event)), event }));
    const bad = fc.oneof(
      brokenEvents().map(({ json }) => ({ line: encode(JSON.stringify(json)), event: undefined })),
      fc
        .constantFrom(encode('{'), encode('nul'), encode('[]'), Uint8Array.of(0xff, 0x61))
        .map((line) => ({ line, event: undefined })),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(good, bad), { minLength: 2, maxLength: 8 }), (lines) => {
        fc.pre(lines.some(({ event }) => event !== undefined));
        const { rows, problems } = dataset.readObject(Buffer.concat(lines.flatMap(({ line }) => [line, encode('\n')])));
        expect(rows).toEqual(lines.flatMap(({ event }) => (event === undefined ? [] : [rowOf(event)])));
        const badLines = lines.flatMap(({ event }, index) => (event === undefined ? [index + 1] : []));
        expect([...new Set(problems.map(({ line }) => line))]).toEqual(badLines);
      }),
      { numRuns: 500 },
    );
  });

  test('that holds no event is never without a problem', () => {
    fc.assert(
      fc.property(brokenObjects(), (bytes) => {
        const { rows, problems } = dataset.readObject(bytes);
        expect(rows).toEqual([]);
        expect(problems).not.toEqual([]);
      }),
    );
  });

  test('may be any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(dataset.readObject(bytes).problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a line feed at the end', `${text}\n`, ['110001']],
    ['line ends of Windows', `${text}\r\n${other}\r\n`, ['110001', '110002']],
    ['blank lines', `\n${text}\n \t\r\n\n${other}\n\n`, ['110001', '110002']],
    ['a byte order mark', `\ufeff${text}`, ['110001']],
    ['one event over many lines', JSON.stringify(JSON.parse(text), null, 2), ['110001']],
    ['the last of two equal keys', text.replace('{', '{"ptid":"1",'), ['110001']],
  ])('is read with %s', (_, content, ptids) => {
    expect(read(encode(content))).toEqual({ ptids, problems: [] });
  });

  test.each([
    ['nothing', '', ['is empty']],
    ['white space', ' \n\r\n', ['is empty']],
    ['half an event', text.slice(0, 40), ['is not JSON']],
    ['half an event over many lines', JSON.stringify(JSON.parse(text), null, 2).slice(0, -3), ['is not JSON']],
    ['null', 'null', ['must be a JSON object']],
    ['an array', `[${text}]`, ['is an array: an object holds one event, or one on each line']],
    [
      'an array over lines',
      `[\n${text},\n${other}\n]`,
      ['is an array: an object holds one event, or one on each line'],
    ],
    ['an event that is wrong', '{"study":""}', expect.arrayContaining(['study: must not be empty'])],
    ['two lines that are no JSON', 'a\nb', ['1: is not JSON', '2: is not JSON']],
  ])('says what is wrong with %s', (_, content, problems) => {
    expect(read(encode(content))).toEqual({ ptids: [], problems });
  });

  test('counts lines from 1, the blank ones too', () => {
    const mark = '\ufeff';
    const content = [text, '', 'x', `${mark}${text}`, '[]', other.replace('submit', 'x'), '{', other].join('\n');
    expect(read(encode(content))).toEqual({
      ptids: ['110001', '110002'],
      problems: [
        '3: is not JSON',
        '4: is not JSON',
        '5: is an array: an object holds one event, or one on each line',
        '6: action: must be one of submit, pass-qc, not-pass-qc, delete',
        '7: is not JSON',
      ],
    });
  });

  test('is not taken with bytes that are not UTF-8, where they are', () => {
    const latin1 = Buffer.from(text.replace('ingest-form', 'caf\u00e9'), 'latin1');
    expect(read(latin1)).toEqual({ ptids: [], problems: ['is not UTF-8'] });
    const lines = Buffer.concat([latin1, encode(`\n${other}`)]);
    expect(read(lines)).toEqual({ ptids: ['110002'], problems: ['1: is not UTF-8'] });
  });

  test('keeps the texts of every script', () => {
    const event = aVisitEvent({ center_label: 'Zürich 東京 🧠' });
    expect(dataset.readObject(encode(serializeVisitEvent(event))).rows).toEqual([rowOf(event)]);
  });
});

describe('a compressed object', () => {
  test('is taken whole or not at all', () => {
    const bytes = gzipSync(`${text}\n`);
    const both = Buffer.concat([bytes, gzipSync(other)]);
    expect(read(both)).toEqual({ ptids: ['110001', '110002'], problems: [] });
    const damaged = 'is gzip that is damaged or cut off';
    expect(read(bytes.subarray(0, -1)).problems).toEqual([damaged]);
    expect(read(Uint8Array.from(bytes.with(-5, 1 + (bytes.at(-5) ?? 0)))).problems).toEqual([damaged]);
    expect(read(Buffer.concat([bytes, encode(other)])).problems).toEqual([damaged]);
    expect(read(Buffer.concat([bytes, Uint8Array.of(0), encode(other)]))).toEqual({
      ptids: [],
      problems: ['is not gzip to its end'],
    });
  });

  test('that holds nothing is empty', () => {
    expect(read(gzipSync('')).problems).toEqual(['is empty']);
  });

  test('is refused when it would unpack to more than the limit, as a plain one of that size is', () => {
    const small = createDataset('visit-events', { maxObjectBytes: 1_000 });
    const message = 'is larger than 1000 bytes unpacked';
    const problems = [{ line: undefined, field: undefined, message }];
    for (const bytes of [
      new Uint8Array(1_001),
      gzipSync(new Uint8Array(1_001)),
      gzipSync(new Uint8Array(50_000_000)),
    ]) {
      expect(small.readObject(bytes)).toEqual({ rows: [], filtered: new Map(), problems });
    }
    const filled = encode(text.padEnd(1_000));
    expect(small.readObject(filled).rows).toHaveLength(1);
    expect(small.readObject(gzipSync(filled)).rows).toHaveLength(1);
  });
});

describe('an object with more problems than anyone reads', () => {
  test('tells the first ones, and how many more there are', () => {
    const { rows, problems } = dataset.readObject(encode(`${'x\n'.repeat(MAX_PROBLEMS + 5)}${text}`));
    expect(rows).toHaveLength(1);
    expect(problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(problems.at(-1)).toEqual({ line: undefined, field: undefined, message: 'has 5 more problems' });
  });
});

describe('an event of a sandbox project', () => {
  const sandbox = toJsonEvent(aVisitEvent({ project_label: 'sandbox-form' }));

  test('is left out and counted, and those beside it are not', () => {
    const near = serializeVisitEvent(aVisitEvent({ project_label: 'my-sandbox-form' }));
    const padded = JSON.stringify({ ...sandbox, project_label: ' sandbox-form' });
    const { rows, filtered, problems } = dataset.readObject(
      encode([JSON.stringify(sandbox), near, padded, text].join('\n')),
    );
    expect(rows).toHaveLength(2);
    expect([...filtered]).toEqual([['sandbox project', 2]]);
    expect(problems).toEqual([]);
  });

  test('has its problems told when it is invalid', () => {
    const { filtered, problems } = dataset.readObject(encode(JSON.stringify({ ...sandbox, ptid: '' })));
    expect([...filtered]).toEqual([]);
    expect(problems).toHaveLength(1);
  });
});

import { describe, expect, test } from '@jest/globals';
import { createDataset } from '@millrace/checkpoint';
import { compactSecond, logNames, logSeconds, visitEventName, visitEvents } from '@millrace/checkpoint/testing';
import fc from 'fast-check';
import { readLogName } from '../src/datasets/visit-events/file-name.ts';
import { ACTIONS } from '../src/datasets/visit-events/visit-event.ts';
import { isInRanges } from './support/listing-ranges.ts';

const dataset = createDataset('visit-events');
const SECOND = Date.UTC(2024, 0, 2, 3, 4, 5);
const NAME = 'log-submit-20240102-030405-42-ingest-form-110001-01.json';
const RUNS = { numRuns: 1_000 };

describe('the name of a log file', () => {
  test.each([
    ['the usual one', NAME, { action: 'submit', time: SECOND, adcid: 42 }],
    ['an action of three words', NAME.replace('submit', 'not-pass-qc'), { action: 'not-pass-qc', time: SECOND }],
    ['an action that another ends in', NAME.replace('submit', 'pass-qc'), { action: 'pass-qc', time: SECOND }],
    ['a date for the visit', NAME.replace('-01.', '-2024-01-15.'), { adcid: 42, time: SECOND }],
    ['an id of hyphens', 'log-delete-20240102-030405-1-p-----.json', { action: 'delete', adcid: 1 }],
    ['an id with a slash', NAME.replace('110001', '11/01'), { adcid: 42, isInFolder: false }],
    ['the older form', 'log-submit-20240102.json', { time: Date.UTC(2024, 0, 2), adcid: undefined }],
    ['the older form, compressed', 'log-submit-20240229.json.gz', { time: Date.UTC(2024, 1, 29) }],
    ['a folder before it', `2024/01/${NAME}`, { adcid: 42, time: SECOND, isInFolder: true }],
    ['the greatest adcid', NAME.replace('-42-', '-2147483647-'), { adcid: 2_147_483_647 }],
  ])('is read: %s', (_, name, expected) => {
    expect(readLogName(name)).toMatchObject({ kind: 'source', ...expected });
  });

  test.each([
    ['not a log file', ['', 'log', 'report.json', `x${NAME}`, `${NAME}l`, `${NAME}.zip`, NAME.toUpperCase(), 'log-/']],
    [
      'unknown action',
      ['log-.json', 'log-submit.json', NAME.replace('submit', 'Submit'), NAME.replace('submit', 'qc')],
    ],
    ['unknown action', [`log-archive/${NAME}`, NAME.replace('submit-', 'submit')]],
    ['not a time', ['log-submit-20240230.json', 'log-submit-2024010.json', 'log-submit-20240102-.json']],
    ['not a time', ['20230229-030405', '20240102-240000', '20240102-006000', '20240102-000060'].map(withTime)],
    ['not a time', ['2024-01-02-030405', '20240102030405', '20241301-030405', '+0240102-030405'].map(withTime)],
    ['no adcid', ['log-submit-20240102-030405.json', withTime('20240102-0304056'), NAME.replace('-42', '')]],
    ['no adcid', ['0', '-1', '2147483648', '00000000042', '4 2', '٤'].map((id) => NAME.replace('42', id))],
    ['no project, ptid and visit', ['-42.json', '-42-.json', '-42-a-b.json', '-42-a-b-.json'].map(withEnd)],
  ])('is ignored: %s', (reason, names) => {
    const readings = names.map((name) => [name, readLogName(name)]);
    expect(readings).toEqual(names.map((name) => [name, { kind: 'ignored', reason }]));
  });

  test('gives back the action, time and adcid that it was made of, whatever the rest of it holds', () => {
    fc.assert(
      fc.property(logNames(), ({ name, action, time, adcid }) => {
        expect(readLogName(name)).toEqual({ kind: 'source', action, time, adcid, isInFolder: false });
      }),
      RUNS,
    );
  });

  test('is read from every event that a source names', () => {
    fc.assert(
      fc.property(visitEvents(), (event) => {
        const time = Math.floor(event.timestamp / 1_000_000) * 1_000;
        const named = { ...event, visit_number: event.visit_number === '' ? null : event.visit_number };
        expect(readLogName(visitEventName(named))).toMatchObject({ action: event.action, time });
      }),
      { numRuns: 200 },
    );
  });

  test('is never read when a day or a time in it is not real', () => {
    const part = (length: number) =>
      fc.integer({ min: 0, max: 10 ** length - 1 }).map((number) => `${number}`.padStart(length, '0'));
    fc.assert(
      fc.property(part(8), part(6), (day, time) => {
        const text = `${day}-${time}`;
        const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.match(/../g)?.join(':')}.000Z`;
        const isReal = !Number.isNaN(Date.parse(iso)) && new Date(iso).toISOString() === iso;
        expect(readLogName(withTime(text)).kind).toBe(isReal ? 'source' : 'ignored');
      }),
      RUNS,
    );
  });

  test('is answered for any text, with few reasons', () => {
    const reasons = new Set<string>();
    const nearly = fc.stringMatching(/^(a\/)?log-(submit|pass-qc|x)-2024\d{4}(-\d{6})?(-\d{1,2})?(-[a/-]){0,4}\.json$/);
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (name) => {
        const reading = readLogName(name);
        if (reading.kind === 'ignored') reasons.add(reading.reason);
      }),
      RUNS,
    );
    expect(reasons.size).toBeLessThanOrEqual(5);
  });
});

describe('names in folders', () => {
  test('are ignored and counted, or taken when that is asked for; then no listing is cut short', () => {
    const inFolders = createDataset('visit-events', { inFolders: true });
    expect(dataset.readKey(`2024/${NAME}`)).toEqual({ kind: 'ignored', reason: 'in a folder' });
    expect(inFolders.readKey(`2024/${NAME}`)).toEqual({ kind: 'source', time: SECOND });
    expect(inFolders.readKey(NAME)).toEqual({ kind: 'source', time: SECOND });
    expect(inFolders.listingRanges(SECOND)).toBeUndefined();
  });
});

describe('the ranges of names that can be new', () => {
  test('hold every source from the time on', () => {
    const sinceAndName = logSeconds().chain((since) =>
      fc.tuple(
        fc.integer({ min: -999, max: 999 }).map((offset) => since + offset),
        logNames(fc.oneof(fc.constant(since), near(since), logSeconds())),
      ),
    );
    fc.assert(
      fc.property(sinceAndName, ([since, { name, time, adcid }]) => {
        const precision = adcid === undefined ? 86_400_000 : 1_000;
        fc.pre(time >= Math.floor(since / precision) * precision);
        expect(dataset.readKey(name).kind).toBe('source');
        expect(isInRanges(name, dataset.listingRanges(since))).toBe(true);
      }),
      RUNS,
    );
  });

  test('leave out what is a second older, and the days before', () => {
    fc.assert(
      fc.property(logNames(), fc.integer({ min: 1, max: 10 ** 10 }), ({ name, time, adcid }, later) => {
        const after = time + later + (adcid === undefined ? 86_400_000 : 1_000);
        fc.pre(after <= Date.parse('9999-12-31T23:59:59Z'));
        expect(isInRanges(name, dataset.listingRanges(after))).toBe(false);
      }),
      RUNS,
    );
  });

  test('are one for each action, and none holds the names of another', () => {
    const ranges = dataset.listingRanges(SECOND) ?? [];
    expect(ranges.map(({ startAfter }) => startAfter)).toEqual(ACTIONS.map((one) => `log-${one}-20240102-030405`));
    const overlaps = ranges.flatMap((one) => ranges.filter((other) => other.prefix.startsWith(one.prefix)));
    expect(overlaps).toEqual(ranges);
  });

  test.each([Number.MIN_SAFE_INTEGER, -1e13, 0, 1e15, Number.MAX_SAFE_INTEGER])(
    'are made for any time: %d',
    (since) => {
      const digits = dataset.listingRanges(since)?.map(({ startAfter }) => startAfter.slice(-15));
      expect(new Set(digits).size).toBe(1);
      expect(digits?.[0]).toMatch(/^\d{8}-\d{6}$/);
    },
  );
});

function withTime(time: string): string {
  return NAME.replace('20240102-030405', time);
}

function withEnd(end: string): string {
  return `log-submit-20240102-030405${end}`;
}

/** Times around it, within a few days; inside the years that names can say. */
function near(time: number): fc.Arbitrary<number> {
  return fc
    .oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -200_000, max: 200_000 }))
    .map((seconds) => time + seconds * 1_000)
    .filter((other) => /^\d{8}-/.test(compactSecond(other)));
}

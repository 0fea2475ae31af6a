import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createDataset } from '@millrace/checkpoint';
import {
  ATTEMPT_COLUMNS,
  type AttemptRecord,
  attemptBatchKey,
  createObjectEventLog,
  toAttemptLine,
  ULID_RANDOM_BYTES,
} from '@millrace/core';
import { anAttemptRecord } from '@millrace/core/testing';
import fc from 'fast-check';
import { isInRanges } from './support/listing-ranges.ts';

const dataset = createDataset('deliveries');
const NAME = 'attempts/dt=2026-11-22/10/1795341600000-01KAP3XMR00000000000000000.ndjson.gz';
const TIME = Date.UTC(2026, 10, 22, 10);
const MICROS_PER_MS = 1_000;
const line = toAttemptLine(anAttemptRecord());
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of 13 digits. */
const times = fc.oneof(
  fc.integer({ min: 10 ** 12, max: 10 ** 13 - 1 }),
  fc.integer({ min: TIME - 90_000_000, max: TIME + 90_000_000 }),
  fc.constantFrom(10 ** 12, 10 ** 13 - 1, TIME, TIME - 1),
);
const randomness = fc.uint8Array({ minLength: ULID_RANDOM_BYTES, maxLength: ULID_RANDOM_BYTES });
const names = fc.tuple(times, randomness, fc.boolean(), fc.boolean()).map(([time, random, hasPrefix, isGzip]) => ({
  name: spell(attemptBatchKey(time, random), hasPrefix, isGzip),
  time,
}));

const records: fc.Arbitrary<AttemptRecord> = fc
  .record({
    attempt: fc.integer({ min: 1, max: 20 }),
    startedAt: times.filter((time) => Number.isSafeInteger(time * MICROS_PER_MS)),
    statusCode: fc.option(fc.integer({ min: 100, max: 599 }), { nil: null }),
    outcome: fc.constantFrom('success', 'retry', 'dead-letter'),
    errorClass: fc.option(fc.constantFrom('timeout', 'http-5xx'), { nil: null }),
    connectMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: null }),
    firstByteMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: null }),
    totalMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    requestBytes: fc.nat(2 ** 31 - 1),
    responseBytes: fc.nat(2 ** 31 - 1),
    messageTimestamp: fc.constantFrom('2026-11-22T10:00:00Z', '2026-11-22T10:00:00.123456789Z'),
  })
  .map(anAttemptRecord);

describe('the name of a batch of attempts', () => {
  test('tells when the batch was closed, for every key that the log makes', () => {
    expect(dataset.readKey(NAME)).toEqual({ kind: 'source', time: TIME });
    fc.assert(
      fc.property(names, ({ name, time }) => {
        expect(dataset.readKey(name)).toEqual({ kind: 'source', time });
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['another object', 'attempts/notes.txt'],
    ['another folder', NAME.replace('attempts', 'posts')],
    ['a folder too many', `old/${NAME}`],
    ['a folder too few', NAME.replace('10/', '')],
    ['another suffix', `${NAME}.tmp`],
    ['no id', NAME.replace(/-0[^.]*/, '')],
    ['an id that is too short', NAME.replace('00.ndjson', '0.ndjson')],
    ['an id that is none', NAME.replace('KAP', 'KAU')],
    ['a time of 12 digits', NAME.replace('/17', '/7')],
    ['a line break behind it', `${NAME}\n`],
  ])('is ignored: %s', (_, name) => {
    expect(dataset.readKey(name)).toEqual({ kind: 'ignored', reason: 'not a batch of attempts' });
  });

  test.each([
    ['the day after', NAME.replace('11-22', '11-23')],
    ['the hour before', NAME.replace('/10/', '/09/')],
    ['a day that is not', NAME.replace('11-22', '02-30')],
    ['an hour that is not', NAME.replace('/10/', '/24/')],
  ])('is ignored in the folder of another time: %s', (_, name) => {
    expect(dataset.readKey(name)).toEqual({ kind: 'ignored', reason: 'not in the folder of its hour' });
  });
});

describe('the ranges of batches that can be new', () => {
  test('hold every batch from the time on, and none before it', () => {
    const around = names.chain((named) =>
      fc.tuple(
        fc.constant(named),
        fc.oneof(
          times,
          fc.integer({ min: -5, max: 5 }).map((distance) => named.time + distance),
        ),
      ),
    );
    fc.assert(
      fc.property(around, ([{ name, time }, since]) => {
        fc.pre(since >= 10 ** 12 && since < 10 ** 13);
        expect(isInRanges(name, dataset.listingRanges(since))).toBe(time >= since);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([-1, 0, 1.5, 10 ** 12 - 1])('hold all for a time before all: %d', (since) => {
    const first = attemptBatchKey(10 ** 12, new Uint8Array(ULID_RANDOM_BYTES));
    expect(isInRanges(first, dataset.listingRanges(since))).toBe(true);
    expect(isInRanges(NAME, dataset.listingRanges(10 ** 16))).toBe(false);
  });
});

describe('a batch of attempts', () => {
  test('gives a row for each attempt that the log wrote, with the day that it began on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 5 }), async (attempts) => {
        const { rows, filtered, problems } = dataset.readObject(await write(attempts));
        expect(problems).toEqual([]);
        expect(filtered.size).toBe(0);
        const expected = attempts.map((attempt) => ({ ...toAttemptLine(attempt), started_at: micros(attempt) }));
        expect(rows.map(({ values }) => toObject(values))).toEqual(expected);
        expect(rows.map(({ timestamp }) => timestamp)).toEqual(attempts.map(micros));
        const days = attempts.map(({ startedAt }) => ({ dt: new Date(startedAt).toISOString().slice(0, 10) }));
        expect(rows.map(({ fields }) => fields)).toEqual(days);
      }),
    );
  });

  test('is read as plain text too', () => {
    expect(dataset.readObject(encode(`${JSON.stringify(line)}\n`)).rows).toHaveLength(1);
  });

  test('has the columns of the log, in its order, with their types', () => {
    const { columns, orderBy } = dataset.schema;
    expect(columns.map(({ name }) => name)).toEqual([...ATTEMPT_COLUMNS]);
    expect(orderBy).toBe('started_at');
    const nulls = columns.filter(({ nullable }) => nullable).map(({ name }) => name);
    expect(nulls).toEqual(['status_code', 'reason', 'error_class', 'connect_ms', 'first_byte_ms']);
    const typed = columns.filter(({ type }) => type !== 'string').map(({ name, type }) => `${name} ${type}`);
    expect(typed).toEqual([
      'attempt int32',
      'started_at timestamp',
      'status_code int32',
      'connect_ms double',
      'first_byte_ms double',
      'total_ms double',
      'request_bytes int32',
      'response_bytes int32',
    ]);
  });

  test('takes null and missing as null, and refuses null wherever a column cannot be null', () => {
    for (const { name, nullable } of dataset.schema.columns) {
      expect(wrongFields({ ...line, [name]: null })).toEqual(nullable ? [] : [name]);
      expect(wrongFields({ ...line, [name]: undefined })).toEqual(nullable ? [] : [name]);
    }
  });

  test('refuses any value of a wrong type, with every field that has one', () => {
    const wrong: Record<string, readonly unknown[]> = {
      string: [1, true, {}, []],
      int32: ['1', 1.5, 2 ** 31, -1, true],
      double: ['1', -0.5, true, []],
      timestamp: [1, '2026-11-22', '', '2026-11-22T10:00:00.0000001Z'],
    };
    const fields = fc
      .subarray([...dataset.schema.columns], { minLength: 1 })
      .chain((columns) =>
        fc.tuple(
          ...columns.map(({ name, type }) =>
            fc.constantFrom(...(wrong[type] ?? [])).map((value) => [name, value] as const),
          ),
        ),
      );
    fc.assert(
      fc.property(fields, (broken) => {
        const names = broken.map(([name]) => name);
        expect(wrongFields({ ...line, ...Object.fromEntries(broken) })).toEqual(names);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps the nanoseconds of a message, in one spelling', () => {
    const spelled = { ...line, message_timestamp: '2026-11-22T11:30:00.1234567890'.slice(0, -1).concat('+01:30') };
    const { rows } = dataset.readObject(encode(JSON.stringify(spelled)));
    expect(toObject(rows[0]?.values ?? [])['message_timestamp']).toBe('2026-11-22T10:00:00.123456789Z');
    expect(wrongFields({ ...line, message_timestamp: '2026-11-22' })).toEqual(['message_timestamp']);
  });

  test('passes over fields that are not columns, as a newer release may write', () => {
    expect(wrongFields({ ...line, region: 'eu' })).toEqual([]);
  });

  test('is refused number that JSON says and a column cannot', () => {
    const text = JSON.stringify(line).replace(/"total_ms":[^,]*/, '"total_ms":1e999');
    expect(dataset.readObject(encode(text)).problems).toMatchObject([{ field: 'total_ms' }]);
  });

  test('reads its good lines beside bad ones', () => {
    const good = JSON.stringify(line);
    const bad = JSON.stringify({ ...line, attempt: 0, worker: '' });
    const { rows, problems } = dataset.readObject(gzipSync([good, bad, '{', '7', good].join('\n')));
    expect(rows).toHaveLength(2);
    expect(problems).toMatchObject([
      { line: 2, field: 'attempt' },
      { line: 2, field: 'worker' },
      { line: 3, field: undefined },
      { line: 4, field: undefined },
    ]);
  });
});

async function write(attempts: readonly AttemptRecord[]): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const log = createObjectEventLog({
    put: (_, bytes) => {
      written.push(bytes);
      return Promise.resolve({ etag: '""' });
    },
    list: () => Promise.resolve({ objects: [], more: false }),
    delete: () => Promise.resolve(),
  });
  await log.write({ key: NAME, attempts });
  return Buffer.concat(written);
}

function wrongFields(json: unknown): readonly (string | undefined)[] {
  return dataset.readObject(encode(JSON.stringify(json))).problems.map(({ field }) => field);
}

function toObject(values: readonly unknown[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(ATTEMPT_COLUMNS.map((name, index) => [name, values[index]]));
}

function micros({ startedAt }: AttemptRecord): number {
  return startedAt * MICROS_PER_MS;
}

function spell(key: string, hasPrefix: boolean, isGzip: boolean): string {
  const name = hasPrefix ? key : key.slice('attempts/'.length);
  return isGzip ? name : name.slice(0, -'.gz'.length);
}

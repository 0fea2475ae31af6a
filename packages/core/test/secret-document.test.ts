import { describe, expect, test } from '@jest/globals';
import {
  createSecretDocument,
  formatSecretDocument,
  formatSigningSecret,
  parseSecretDocument,
  rotateSecrets,
  type SecretDocument,
  secretsInForce,
} from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { secretNumber } from './support/signing-samples.ts';

const RUNS = 200;
const HOUR_MS = 3_600_000;
const TEXT = formatSigningSecret(secretNumber(7));

/** The numbers of the secrets, and when each ends, in hours from the start. */
const inHours = (document: SecretDocument) =>
  document.map(({ secret, until }) => [secret.export()[0], until === null ? null : (until - START_TIME) / HOUR_MS]);

/** A document as rotations at these hours, each with its overlap in hours, leave it. */
function rotated(...steps: readonly (readonly [at: number, overlap: number])[]): SecretDocument {
  return steps.reduce(
    (document, [at, overlap], index) =>
      rotateSecrets(document, {
        secret: secretNumber(index + 1),
        now: START_TIME + at * HOUR_MS,
        overlapMs: overlap * HOUR_MS,
      }),
    createSecretDocument(secretNumber(0), START_TIME),
  );
}

/** Times go forward; what is asked for between rotations is asked at the latest of them. */
const rotations = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 48 * HOUR_MS })),
    overlapMs: fc.oneof(fc.constantFrom(0, 24 * HOUR_MS), fc.integer({ min: 0, max: 168 * HOUR_MS })),
  }),
  { maxLength: 12 },
);

interface Told {
  readonly number: number;
  readonly from: number;
  /** Told when it was rotated; at most. */
  until: number;
}

/** Rotates, and notes of each secret until when it was said to stay. */
function follow(steps: readonly { readonly waitMs: number; readonly overlapMs: number }[]) {
  let now = START_TIME;
  let document = createSecretDocument(secretNumber(0), now);
  const told: Told[] = [{ number: 0, from: now, until: Number.POSITIVE_INFINITY }];
  for (const { waitMs, overlapMs } of steps) {
    now += waitMs;
    for (const one of told) one.until = Math.min(one.until, now + overlapMs);
    document = rotateSecrets(document, { secret: secretNumber(told.length), now, overlapMs });
    told.push({ number: told.length, from: now, until: Number.POSITIVE_INFINITY });
  }
  return { now, document, told };
}

describe('rotating the secrets of a sender', () => {
  test('puts the new one first, and the old one stays for the overlap', () => {
    const document = rotated([10, 24]);
    expect(inHours(document)).toEqual([
      [1, null],
      [0, 34],
    ]);
    const signing = (hours: number) => inHours(secretsInForce(document, START_TIME + hours * HOUR_MS)).map(([n]) => n);
    expect([signing(10), signing(33.999), signing(34), signing(1_000)]).toEqual([[1, 0], [1, 0], [1], [1]]);
  });

  test('lets no old one stay for longer than the overlap, nor longer than it was told before', () => {
    expect(inHours(rotated([0, 24], [1, 2], [2, 24]))).toEqual([
      [3, null],
      [2, 26],
      [1, 3],
      [0, 3],
    ]);
  });

  test('without an overlap ends all others at once', () => {
    expect(inHours(rotated([0, 24], [1, 24], [2, 0]))).toEqual([[3, null]]);
  });

  test('forgets those that are no longer in force, and the oldest of too many', () => {
    expect(inHours(rotated([0, 1], [2, 24]))).toEqual([
      [2, null],
      [1, 26],
    ]);
    const many = rotated(...Array.from({ length: 9 }, (_, index): [number, number] => [index, 168]));
    expect(inHours(many).map(([number]) => number)).toEqual([9, 8, 7, 6, 5]);
  });

  test('keeps what it must, in any order of times and overlaps: the newest for ever, the others until their end, five at most', () => {
    fc.assert(
      fc.property(rotations, fc.integer({ min: 0, max: 200 * HOUR_MS }), (steps, laterMs) => {
        const { now, document, told } = follow(steps);
        for (const at of [now, now + laterMs]) {
          const due = told
            .filter(({ until }) => at < until)
            .map(({ number }) => number)
            .reverse();
          const [newest, ...others] = due;
          expect(inHours(secretsInForce(document, at)).map(([number]) => number)).toEqual(
            [newest, ...others].filter((number) => (number ?? 0) > told.length - 1 - 5),
          );
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the text of a document', () => {
  test('is versioned JSON with the newest first', () => {
    const [first, second] = [secretNumber(1), secretNumber(0)].map(formatSigningSecret);
    expect(JSON.parse(formatSecretDocument(rotated([10, 24])))).toEqual({
      version: 1,
      secrets: [
        { secret: first, createdAt: '2026-11-22T20:00:00.000Z' },
        { secret: second, createdAt: '2026-11-22T10:00:00.000Z', until: '2026-11-23T20:00:00.000Z' },
      ],
    });
  });

  test('of any document is read as that document, and fits the smallest store', () => {
    fc.assert(
      fc.property(rotations, (steps) => {
        const { document } = follow(steps);
        const text = formatSecretDocument(document);
        expect(text.length).toBeLessThan(4_096);
        expect(text).not.toContain('{{');
        const reading = parseSecretDocument(text);
        expect('document' in reading && formatSecretDocument(reading.document)).toBe(text);
      }),
      { numRuns: RUNS },
    );
  });

  const first = { secret: TEXT, createdAt: '2026-11-22T10:00:00Z' };
  const other = { secret: formatSigningSecret(secretNumber(8)), createdAt: '2026-11-21T10:00:00Z' };
  const documentOf = (secrets: unknown) => JSON.stringify({ version: 1, secrets });

  test.each([
    ['nothing', '', ['$ is not a JSON object']],
    ['no JSON', `{"version":1,"secrets":[{"secret":"${TEXT}"`, ['$ is not a JSON object']],
    ['a secret alone', TEXT, ['$ is not a JSON object']],
    ['a list', `["${TEXT}"]`, ['$ is not a JSON object']],
    [
      'a later version',
      JSON.stringify({ version: 2, secrets: [{ ed25519: TEXT }] }),
      ['$.version is not 1, the only one that this program knows'],
    ],
    ['no secrets', documentOf([]), ['$.secrets is not an array of 1 to 5 secrets']],
    ['too many', documentOf(Array.from({ length: 6 }, () => first)), ['$.secrets is not an array of 1 to 5 secrets']],
    [
      'everything wrong at once',
      JSON.stringify({
        version: 1,
        [TEXT]: 1,
        secrets: [
          { ...first, until: '2026-11-23T10:00:00Z' },
          { secret: `${TEXT}x`, createdAt: TEXT, until: 5, also: TEXT },
          TEXT,
          first,
        ],
      }),
      [
        '$ has members other than version, secrets',
        '$.secrets[0].until must not be there: the first has no end',
        '$.secrets[1] has members other than secret, createdAt, until',
        '$.secrets[1].secret is not whsec_ and the base64 of 24 to 64 bytes',
        '$.secrets[1].createdAt is not an RFC 3339 date and time',
        '$.secrets[1].until is not an RFC 3339 date and time',
        '$.secrets[2] is not an object',
        '$.secrets[3].until is not an RFC 3339 date and time',
        '$.secrets[3].secret is there twice',
      ],
    ],
    [
      'a second one without an end',
      documentOf([first, other]),
      ['$.secrets[1].until is not an RFC 3339 date and time'],
    ],
  ])('that is %s is refused with every problem, and no secret in them', (_what, text, problems) => {
    expect(parseSecretDocument(text)).toEqual({ problems });
    expect(problems.join()).not.toContain(TEXT);
  });

  test('that is anything at all is read or refused, never quoted', () => {
    const anything = fc.oneof(
      fc.json().map((json) => json.replaceAll('"', `"${TEXT}`)),
      fc.record({ version: fc.constantFrom(1, 2), secrets: fc.anything() }).map((value) => JSON.stringify(value)),
      fc.string().map((text) => text + TEXT),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const reading = parseSecretDocument(text);
        if ('problems' in reading) expect(reading.problems.join()).not.toContain(TEXT);
      }),
      { numRuns: RUNS },
    );
  });
});

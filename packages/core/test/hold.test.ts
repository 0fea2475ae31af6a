import { describe, expect, test } from '@jest/globals';
import {
  type AttemptOutcome,
  activeHold,
  CLOCK_SKEW_MS,
  canonicalUrl,
  type Hold,
  holdOf,
  NOTHING_KNOWN,
  placeHold,
  stateExpiry,
  targetOrigin,
} from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';

const now = START_TIME;
const GONE: Hold = { kind: 'gone', since: now, why: 'HTTP 410' };
const MANUAL: Hold = { kind: 'manual', since: now, why: 'by hand' };
const later = (ms: number): Hold => ({
  kind: 'retry-after',
  since: now,
  until: now + ms,
  why: 'Retry-After (HTTP 503)',
});

type Response = Extract<AttemptOutcome, { kind: 'response' }>;
const response = (statusCode: number, more: Partial<Response> = {}): Response => ({
  kind: 'response',
  statusCode,
  ...more,
});

describe('what an outcome asks to be held', () => {
  test('is the URL when it is gone', () => {
    expect(holdOf(response(410, { retryAfterMs: 5_000 }), now)).toEqual({ of: 'url', hold: GONE });
  });

  test.each([200, 404, 503])('is the URL when the receiver says disable with HTTP %d', (statusCode) => {
    expect(holdOf(response(statusCode, { control: 'disable' }), now)).toMatchObject({
      of: 'url',
      hold: { kind: 'gone', since: now },
    });
  });

  test.each([429, 503])('is the origin for as long as HTTP %d with Retry-After says', (statusCode) => {
    const asked = holdOf(response(statusCode, { retryAfterMs: 5_000, control: 'abort-message' }), now);
    const why = `Retry-After (HTTP ${statusCode})`;
    expect(asked).toEqual({ of: 'origin', hold: { kind: 'retry-after', since: now, until: now + 5_000, why } });
  });

  test.each<[string, AttemptOutcome]>([
    ['Retry-After with another status', response(500, { retryAfterMs: 5_000 })],
    ['Retry-After with success', response(202, { retryAfterMs: 5_000 })],
    ['Retry-After of no time', response(503, { retryAfterMs: 0 })],
    ['429 without Retry-After', response(429)],
    ['abort-message', response(400, { control: 'abort-message' })],
    ['a timeout', { kind: 'timeout', detail: '' }],
    ['no request', { kind: 'held', detail: '' }],
  ])('is nothing for %s', (_what, outcome) => {
    expect(holdOf(outcome, now)).toBeNull();
  });
});

describe('a hold', () => {
  test('with a time is over then, and when the clock was set back far; the others are never over by themselves', () => {
    expect(activeHold(later(5_000), now + 4_999)).toEqual(later(5_000));
    expect(activeHold(later(5_000), now + 5_000)).toBeNull();
    expect(activeHold(later(5_000), now - CLOCK_SKEW_MS)).toEqual(later(5_000));
    expect(activeHold(later(5_000), now - CLOCK_SKEW_MS - 1)).toBeNull();
    for (const hold of [GONE, MANUAL, null]) {
      for (const time of [0, now, now * 2]) expect(activeHold(hold, time)).toBe(hold);
    }
  });

  test.each<[string, Hold | null, Hold, 'present' | 'next']>([
    ['nothing by any', null, later(5_000), 'next'],
    ['a time that is over by any', later(0), GONE, 'next'],
    ['a time by a later one', later(5_000), later(9_000), 'next'],
    ['a time not by an earlier one', later(9_000), later(5_000), 'present'],
    ['a time not by one that is hardly later', later(5_000), later(6_000), 'present'],
    ['a time by gone', later(5_000), GONE, 'next'],
    ['a time by hand', later(5_000), MANUAL, 'next'],
    ['gone not by a time', GONE, later(5_000), 'present'],
    ['gone not by gone: it is since it began', GONE, { ...GONE, since: now + 1 }, 'present'],
    ['gone by hand: its messages wait then', GONE, MANUAL, 'next'],
    ['what an operator holds not by what a target answers', MANUAL, GONE, 'present'],
    ['what an operator holds not by a time', MANUAL, later(5_000), 'present'],
  ])('takes the place of %s', (_what, present, next, expected) => {
    expect(placeHold(present, next, now)).toBe(expected === 'next' ? next : present);
  });
});

describe('what is known of a target', () => {
  test('is kept until an operator releases it, when it is held without a time', () => {
    for (const hold of [GONE, MANUAL]) expect(stateExpiry({ circuit: null, hold }, now)).toBeNull();
  });

  test('is over when both circuit and hold are, and at once when it is nothing', () => {
    expect(stateExpiry(NOTHING_KNOWN, now)).toBe(now);
    expect(stateExpiry({ circuit: null, hold: later(5_000) }, now)).toBe(now + 5_000);
    const circuit = { state: 'closed', since: now, counts: [] } as const;
    expect(stateExpiry({ circuit, hold: later(5_000) }, now)).toBe(now + 60_000);
    expect(stateExpiry({ circuit, hold: later(3_600_000) }, now)).toBe(now + 3_600_000);
  });
});

describe('the origin of a canonical URL', () => {
  test('is what a URL parser says, for any URL, and its own origin', () => {
    const url = fc
      .tuple(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.constantFrom('', ':8080', ':443'))
      .map(([text, port]) => canonicalUrl(text.replace(/^(https?:[/][/][^/]*)/, `$1${port}`)));
    fc.assert(
      fc.property(url, (text) => {
        const { origin } = new URL(text);
        expect(targetOrigin(text)).toBe(origin);
        expect(targetOrigin(origin)).toBe(origin);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(['http://[2001:db8::1]:8080/a//b?c=https://d/', 'https://xn--bcher-kva.example/?x/y'])(
    'is found in %s',
    (text) => {
      expect(targetOrigin(canonicalUrl(text))).toBe(new URL(text).origin);
    },
  );
});

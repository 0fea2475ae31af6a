import { describe, expect, test } from '@jest/globals';
import type { AttemptContext, AttemptOutcome, Reaction } from '@millrace/core';
import { describeFailure, outcomeStatus, react } from '@millrace/core';
import fc from 'fast-check';

/** What delivery.md says must follow: `retry` stands for "retry while attempts remain and the message lives". */
type Verdict =
  | 'succeed'
  | 'retry'
  | 'rejected'
  | 'gone'
  | 'aborted'
  | 'blocked'
  | 'payload-missing'
  | 'interrupted'
  | 'expired'
  | 'held';

const STATUS_VERDICTS: readonly { readonly from: number; readonly to: number; readonly verdict: Verdict }[] = [
  { from: 100, to: 199, verdict: 'rejected' },
  { from: 200, to: 299, verdict: 'succeed' },
  { from: 300, to: 407, verdict: 'rejected' },
  { from: 408, to: 408, verdict: 'retry' },
  { from: 409, to: 409, verdict: 'rejected' },
  { from: 410, to: 410, verdict: 'gone' },
  { from: 411, to: 424, verdict: 'rejected' },
  { from: 425, to: 425, verdict: 'retry' },
  { from: 426, to: 428, verdict: 'rejected' },
  { from: 429, to: 429, verdict: 'retry' },
  { from: 430, to: 499, verdict: 'rejected' },
  { from: 500, to: 599, verdict: 'retry' },
  { from: 600, to: 999, verdict: 'rejected' },
];

const OTHER_VERDICTS: readonly {
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  readonly text: string;
}[] = [
  { outcome: { kind: 'timeout', detail: 'after 30 s' }, verdict: 'retry', text: 'timeout: after 30 s' },
  { outcome: { kind: 'dns', detail: 'ENOTFOUND' }, verdict: 'retry', text: 'dns: ENOTFOUND' },
  { outcome: { kind: 'tls', detail: 'bad certificate' }, verdict: 'retry', text: 'tls: bad certificate' },
  { outcome: { kind: 'connection', detail: 'ECONNRESET' }, verdict: 'retry', text: 'connection: ECONNRESET' },
  { outcome: { kind: 'blocked', detail: 'a setting' }, verdict: 'blocked', text: 'blocked: a setting' },
  {
    outcome: { kind: 'payload-missing', detail: 'x is gone' },
    verdict: 'payload-missing',
    text: 'payload-missing: x is gone',
  },
  { outcome: { kind: 'payload-unavailable', detail: 'EIO' }, verdict: 'retry', text: 'payload-unavailable: EIO' },
  {
    outcome: { kind: 'interrupted' },
    verdict: 'interrupted',
    text: 'the last attempt was cut off before its result was known',
  },
  { outcome: { kind: 'expired' }, verdict: 'expired', text: 'expired before it could be delivered' },
  { outcome: { kind: 'held', detail: 'since then' }, verdict: 'held', text: 'held: since then' },
];

interface Case {
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  readonly retryAfterMs: number;
}

const ALL_STATUSES: readonly { readonly statusCode: number; readonly verdict: Verdict }[] = STATUS_VERDICTS.flatMap(
  ({ from, to, verdict }) =>
    Array.from({ length: to - from + 1 }, (_, index) => ({ statusCode: from + index, verdict })),
);

const retryAfter = fc.option(fc.oneof(fc.constant(0), fc.nat(3_600_000)), { nil: undefined });

function answered(statusCode: number, verdict: Verdict, ms: number | undefined): Case {
  const outcome = { kind: 'response', statusCode } as const;
  return { outcome: ms === undefined ? outcome : { ...outcome, retryAfterMs: ms }, verdict, retryAfterMs: ms ?? 0 };
}

const anyCase: fc.Arbitrary<Case> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ALL_STATUSES), retryAfter)
    .map(([{ statusCode, verdict }, ms]) => answered(statusCode, verdict, ms)),
  fc.constantFrom(...OTHER_VERDICTS).map(({ outcome, verdict }) => ({ outcome, verdict, retryAfterMs: 0 })),
);

const context: fc.Arbitrary<AttemptContext> = fc
  .record({
    attempt: fc.integer({ min: 1, max: 21 }),
    maxAttempts: fc.integer({ min: 1, max: 20 }),
    now: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    lifetime: fc.oneof(fc.integer({ min: -10, max: 10 }), fc.integer({ min: 0, max: 65_000 }), fc.nat(259_200_000)),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ lifetime, ...rest }) => ({ ...rest, expiresAt: rest.now + lifetime }));

/** The longest backoff after an attempt. */
function longestDelay(attempt: number): number {
  return Math.min(60_000, 1_000 * 2 ** (attempt - 1));
}

function makeContext(changes: Partial<AttemptContext> = {}): AttemptContext {
  return { attempt: 1, maxAttempts: 3, expiresAt: 1_000_000, now: 0, random: 0.5, ...changes };
}

describe('react', () => {
  test('has one reaction, that of the table, to every status from 100 to 999', () => {
    expect(ALL_STATUSES.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 900 }, (_, i) => 100 + i));
    for (const { statusCode, verdict } of ALL_STATUSES) {
      const reaction = react({ kind: 'response', statusCode }, makeContext());
      expect({ statusCode, ...reaction }).toEqual({ statusCode, ...expectedReaction(verdict, { due: 500 }) });
    }
  });

  test.each(OTHER_VERDICTS)('has the reaction of the table to $outcome.kind', ({ outcome, verdict }) => {
    expect(react(outcome, makeContext())).toEqual(expectedReaction(verdict, { due: 500 }));
  });

  test('reacts as the table says to any outcome in any context', () => {
    fc.assert(
      fc.property(anyCase, context, ({ outcome, verdict, retryAfterMs }, at) => {
        const reaction = react(outcome, at);
        if (verdict !== 'retry') {
          expect(reaction).toEqual(expectedReaction(verdict));
          return;
        }
        if (at.attempt >= at.maxAttempts) {
          expect(reaction).toEqual({ kind: 'dead-letter', reason: 'exhausted' });
          return;
        }
        const soonest = at.now + retryAfterMs;
        const latest = at.now + Math.max(retryAfterMs, longestDelay(at.attempt));
        if (soonest >= at.expiresAt) expect(reaction).toEqual({ kind: 'dead-letter', reason: 'expired' });
        else if (latest < at.expiresAt) expect(reaction.kind).toBe('retry');
        else
          expect([{ kind: 'dead-letter', reason: 'expired' }, { kind: 'retry' }]).toContainEqual(withoutDue(reaction));
      }),
      { numRuns: 5_000 },
    );
  });

  test('retries only while attempts remain, before the message expires, and no sooner than the target asked', () => {
    fc.assert(
      fc.property(anyCase, context, ({ outcome, retryAfterMs }, at) => {
        const reaction = react(outcome, at);
        if (reaction.kind !== 'retry') return;
        expect(at.attempt).toBeLessThan(at.maxAttempts);
        expect(Number.isInteger(reaction.due)).toBe(true);
        expect(reaction.due).toBeLessThan(at.expiresAt);
        expect(reaction.due).toBeGreaterThanOrEqual(at.now + retryAfterMs);
        expect(reaction.due).toBeLessThanOrEqual(at.now + Math.max(retryAfterMs, longestDelay(at.attempt)));
      }),
      { numRuns: 5_000 },
    );
  });

  test('waits for the longer of backoff and Retry-After', () => {
    const outcome = { kind: 'response', statusCode: 503, retryAfterMs: 600 } as const;
    expect(react(outcome, makeContext({ random: 0.5 }))).toEqual({ kind: 'retry', due: 600 });
    expect(react(outcome, makeContext({ random: 0.9 }))).toEqual({ kind: 'retry', due: 900 });
  });

  test('starts no attempt at the instant when the message expires', () => {
    const outcome = { kind: 'timeout', detail: '' } as const;
    expect(react(outcome, makeContext({ expiresAt: 500 }))).toEqual({ kind: 'dead-letter', reason: 'expired' });
    expect(react(outcome, makeContext({ expiresAt: 501 }))).toEqual({ kind: 'retry', due: 500 });
  });

  test.each([
    { control: 'abort-message', reason: 'aborted' },
    { control: 'disable', reason: 'gone' },
  ] as const)(
    'ends a message as $reason when a target that fails says $control, and else does as it would',
    (asked) => {
      const { control, reason } = asked;
      for (const { statusCode, verdict } of ALL_STATUSES) {
        const reaction = react({ kind: 'response', statusCode, control, retryAfterMs: 9_000 }, makeContext());
        const expected = verdict === 'succeed' || verdict === 'gone' ? verdict : reason;
        expect({ statusCode, ...reaction }).toEqual({ statusCode, ...expectedReaction(expected) });
      }
    },
  );

  test('calls a message exhausted, not expired, when both are true', () => {
    const at = makeContext({ attempt: 3, expiresAt: 0 });
    expect(react({ kind: 'dns', detail: '' }, at)).toEqual({ kind: 'dead-letter', reason: 'exhausted' });
  });
});

function expectedReaction(verdict: Verdict, retry?: { due: number }): Reaction {
  if (verdict === 'succeed') return { kind: 'succeed' };
  if (verdict === 'retry') return { kind: 'retry', due: retry?.due ?? Number.NaN };
  return { kind: 'dead-letter', reason: verdict };
}

function withoutDue(reaction: Reaction): unknown {
  return reaction.kind === 'retry' ? { kind: 'retry' } : reaction;
}

describe('describeFailure', () => {
  test('is null exactly for a 2xx, and otherwise names the status', () => {
    for (const { statusCode, verdict } of ALL_STATUSES) {
      const text = verdict === 'succeed' ? null : `HTTP ${statusCode}`;
      expect(describeFailure({ kind: 'response', statusCode })).toBe(text);
    }
  });

  test('shows how the answer began, when that is known', () => {
    const answer = { kind: 'response', statusCode: 503 } as const;
    expect(describeFailure({ ...answer, excerpt: 'try later' })).toBe('HTTP 503: try later');
    expect(describeFailure({ ...answer, excerpt: '' })).toBe('HTTP 503');
    expect(describeFailure({ ...answer, statusCode: 204, excerpt: 'fine' })).toBeNull();
  });

  test.each(OTHER_VERDICTS)('says of $outcome.kind: $text', ({ outcome, text }) => {
    expect(describeFailure(outcome)).toBe(text);
  });

  test('is null exactly when the reaction is success', () => {
    fc.assert(
      fc.property(anyCase, context, ({ outcome }, at) => {
        expect(describeFailure(outcome) === null).toBe(react(outcome, at).kind === 'succeed');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('outcomeStatus', () => {
  test('is the status of an answer, and null without one', () => {
    expect(outcomeStatus({ kind: 'response', statusCode: 418 })).toBe(418);
    expect(OTHER_VERDICTS.map(({ outcome }) => outcomeStatus(outcome))).toEqual(OTHER_VERDICTS.map(() => null));
  });
});

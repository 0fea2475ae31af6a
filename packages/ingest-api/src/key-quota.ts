/**
 * The limits of a key on what it hands in: messages a second, and messages of its senders that wait. A request is let in
 * whole or refused whole, with 429 and a time to try again.
 */

import {
  type ApiKey,
  type Backlog,
  type Clock,
  fullBucket,
  type KeyLimits,
  type RateLimit,
  refill,
  type TokenBucket,
  timeUntil,
} from '@millrace/core';
import { ProblemError } from './problem-document.ts';

export interface Quota {
  /**
   * Refuses before anything is read what could not be let in with a single message.
   * @throws ProblemError 429
   */
  assertOpen(): void;
  /**
   * Lets so many messages in, or none of them; the function returned says that they are stored, or will not be.
   * @throws ProblemError 429; StoreUnavailableError
   */
  admit(messages: number): Promise<() => void>;
}

export interface KeyQuotas {
  of(key: ApiKey): Quota;
}

export interface KeyQuotasDeps {
  readonly backlog: Backlog;
  readonly clock: Clock;
  /** For keys that have none of their own. */
  readonly defaults: KeyLimits;
}

/** Seconds after which a backlog may be shorter. */
const BACKLOG_RETRY_S = 5;

/** Messages that have been let in since the start, and those of them whose way into the store has ended. */
interface Passed {
  admitted: number;
  finished: number;
}

/** What waited when it was asked for, and `Passed.finished` at that moment: all of those are in it. */
interface Reading {
  readonly waiting: number;
  readonly finished: number;
}

export function createKeyQuotas({ backlog, clock, defaults }: KeyQuotasDeps): KeyQuotas {
  const passed: Passed = { admitted: 0, finished: 0 };
  const quotas = new Map<string, Quota>();

  return {
    of(key) {
      const known = quotas.get(key.id);
      if (known !== undefined) return known;
      const quota = quotaOf(key);
      quotas.set(key.id, quota);
      return quota;
    },
  };

  function quotaOf(key: ApiKey): Quota {
    const rate = rateQuota(key, key.limits.rate ?? defaults.rate, clock);
    const most = key.limits.backlog ?? defaults.backlog;
    const assertRoom = most === null ? undefined : backlogCheck(key, most, { backlog, passed });
    return {
      assertOpen: rate.assertOpen,
      async admit(messages) {
        rate.take(messages);
        passed.admitted += messages;
        try {
          await assertRoom?.();
        } catch (error) {
          passed.finished += messages;
          rate.giveBack(messages);
          throw error;
        }
        return () => {
          passed.finished += messages;
        };
      },
    };
  }
}

function rateQuota({ name }: ApiKey, limit: RateLimit | null, clock: Clock) {
  if (limit === null) return { assertOpen: () => {}, take: () => {}, giveBack: () => {} };
  let bucket: TokenBucket = fullBucket(limit, clock.now());

  const assertTokens = (messages: number): void => {
    bucket = refill(bucket, limit, clock.now());
    const waitMs = timeUntil(bucket, limit, messages);
    if (waitMs === 0) return;
    const { perSecond, burst } = limit;
    const detail = `the key ${name} may hand in ${perSecond} messages a second, ${burst} at once`;
    throw limited(detail, Math.ceil(waitMs / 1_000));
  };
  return {
    assertOpen: () => assertTokens(1),
    take(messages: number): void {
      assertTokens(messages);
      bucket = { ...bucket, tokens: bucket.tokens - messages };
    },
    giveBack(messages: number): void {
      bucket = { ...bucket, tokens: Math.min(limit.burst, bucket.tokens + messages) };
    },
  };
}

/**
 * Checks that the messages that were admitted last leave the backlog within its limit, with all that are under way.
 *
 * What waits now is at most what waited at an earlier reading plus all that any key has brought since: as long as that
 * is within the limit, nobody has to ask the store. Replays are not counted before the next reading.
 */
function backlogCheck(
  { name, senders }: ApiKey,
  most: number,
  { backlog, passed }: { readonly backlog: Backlog; readonly passed: Passed },
): () => Promise<void> {
  let reading: Reading | undefined;

  return async () => {
    // Now, before anything is waited for: who is admitted later does not count here, and counts these.
    const { admitted, finished } = passed;
    if (reading !== undefined && reading.waiting + admitted - reading.finished <= most) return;
    const waiting = await backlog.waiting(senders);
    reading = { waiting, finished };
    if (waiting + admitted - finished <= most) return;
    throw limited(`${waiting} messages of the senders of the key ${name} wait, of ${most} that may`, BACKLOG_RETRY_S);
  };
}

function limited(detail: string, retryAfterS: number): ProblemError {
  return new ProblemError('rate-limited', 429, { detail, headers: { 'retry-after': String(retryAfterS) } });
}

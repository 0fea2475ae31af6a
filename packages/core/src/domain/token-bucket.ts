/**
 * A limit on a rate: a bucket that holds up to `burst` tokens and gains `perSecond` of them a second. What is let through
 * takes a token; in any span of t seconds that is at most `burst` + `perSecond` · t.
 */

export interface RateLimit {
  /** Tokens a second, above 0. */
  readonly perSecond: number;
  /** The most that the bucket holds, at least 1. It starts full. */
  readonly burst: number;
}

export interface TokenBucket {
  /** As of `at`; 0 to `burst`. */
  readonly tokens: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function fullBucket({ burst }: RateLimit, now: number): TokenBucket {
  return { tokens: burst, at: now };
}

/** The bucket as of now. A clock that was set back gives nothing, and takes nothing away. */
export function refill(bucket: TokenBucket, { perSecond, burst }: RateLimit, now: number): TokenBucket {
  const gained = (Math.max(0, now - bucket.at) * perSecond) / 1_000;
  return { tokens: Math.min(burst, bucket.tokens + gained), at: now };
}

/** Milliseconds from `bucket.at` until it has so many tokens; 0 when it has, Infinity when it never will. */
export function timeUntil(bucket: TokenBucket, { perSecond, burst }: RateLimit, wanted: number): number {
  if (bucket.tokens >= wanted) return 0;
  return wanted > burst ? Number.POSITIVE_INFINITY : Math.ceil(((wanted - bucket.tokens) * 1_000) / perSecond);
}

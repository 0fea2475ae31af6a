/**
 * When to try again.
 */

const BASE_MS = 1_000;
const CAP_MS = 60_000;

/** Milliseconds: the most that a target's Retry-After is listened to. */
export const RETRY_AFTER_CAP_MS = 3_600_000;

/**
 * Exponential backoff with full jitter: uniform in [0, min(60 s, 1 s · 2^(attempt−1))].
 *
 * @param attempt the attempt that failed, from 1
 * @param random uniform in [0, 1)
 * @returns whole milliseconds
 */
export function backoffDelay(attempt: number, random: number): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
  return Math.floor(random * (ceiling + 1));
}

/**
 * Milliseconds from `now` that a Retry-After header asks for: seconds (fractions are understood) or an HTTP date,
 * 0 when it is past, at most one hour; undefined when the header is neither.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - now;
  if (Number.isNaN(ms)) return undefined;
  return Math.min(RETRY_AFTER_CAP_MS, Math.max(0, Math.ceil(ms)));
}

/** RFC 9110 §5.6.7: IMF-fixdate, or one of the two obsolete forms. NaN when it is none. */
const HTTP_DATE =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

function parseHttpDate(text: string): number {
  if (!HTTP_DATE.test(text)) return Number.NaN;
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
}

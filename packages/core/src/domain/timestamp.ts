/**
 * Instants as they come from clients: RFC 3339 with an offset, to the nanosecond.
 */

/** An instant in canonical form. */
export interface Instant {
  /** UTC, `YYYY-MM-DDTHH:MM:SS[.f…]Z`: up to nine digits of fraction, trailing zeros cut. */
  readonly text: string;
  /** Milliseconds since 1970, the fraction of a millisecond dropped. */
  readonly epochMs: number;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Of `YYYY-MM-DDTHH:MM:SS.sssZ`. */
const ISO_LENGTH = 24;

/**
 * Reads an RFC 3339 timestamp. Two texts that name the same instant give the same `Instant.text`.
 *
 * @returns undefined when the text is not one, names a day that does not exist, has more than nine digits of
 * fraction (two such instants could not be told apart), is a leap second, or leaves the years 0000–9999 in UTC.
 */
export function parseInstant(text: string): Instant | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', digits = ''] = match;
  const isTime = hour <= '23' && minute <= '59' && second <= '59';
  const offsetMinutes = readOffset(match[8], match[9], match[10]);
  if (!isTime || !isDay(Number(year), Number(month), Number(day)) || offsetMinutes === undefined) return undefined;

  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const secondsMs = Date.parse(`${local}Z`) - offsetMinutes * 60_000;
  const seconds = offsetMinutes === 0 ? local : utcSeconds(secondsMs);
  if (seconds === undefined) return undefined;
  const fraction = digits.replace(/0+$/, '');
  return {
    text: fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`,
    epochMs: secondsMs + Number(digits.padEnd(3, '0').slice(0, 3)),
  };
}

/** Is there such a day in the (proleptic) Gregorian calendar? */
function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return day <= days;
}

/** `YYYY-MM-DDTHH:MM:SS`; undefined outside the years 0000–9999, which are written longer. */
function utcSeconds(epochMs: number): string | undefined {
  const iso = new Date(epochMs).toISOString();
  return iso.length === ISO_LENGTH ? iso.slice(0, 19) : undefined;
}

/** Minutes east of UTC; undefined when the offset is out of range. */
function readOffset(sign: string | undefined, hours = '00', minutes = '00'): number | undefined {
  if (hours > '23' || minutes > '59') return undefined;
  const total = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -total : total;
}

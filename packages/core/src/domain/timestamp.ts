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

/** `YYYY-MM-DDTHH:MM:SS.sssZ`; years outside 0000–9999 are written longer. */
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
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const offsetMinutes = readOffset(match[8], match[9], match[10]);
  if (offsetMinutes === undefined) return undefined;

  // Date.UTC reads the years 0–99 as 1900–1999, so the year is set on its own.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute - offsetMinutes, second);

  const iso = date.toISOString();
  if (iso.length !== ISO_LENGTH) return undefined;
  const seconds = iso.slice(0, 19);
  const fraction = (match[7] ?? '').replace(/0+$/, '');
  return {
    text: fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`,
    epochMs: date.getTime() + Number(fraction.padEnd(3, '0').slice(0, 3)),
  };
}

/** Minutes east of UTC; undefined when the offset is out of range. */
function readOffset(sign: string | undefined, hours = '00', minutes = '00'): number | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const total = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -total : total;
}

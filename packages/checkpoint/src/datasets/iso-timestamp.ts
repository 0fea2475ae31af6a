/** Instants of events: ISO 8601 to and from whole microseconds. */

import { readDay, readDigits } from './calendar.ts';

const MICROS_PER_SECOND = 1_000_000;

const SYNTAX = 'must be an ISO 8601 date and time, like 2026-11-22T10:00:00.000000Z';
const TOO_FINE = 'must not be finer than a microsecond';
const OUT_OF_RANGE = 'must be an instant from 1684 to 2255, which fits the column';

/**
 * Reads `YYYY-MM-DDTHH:MM:SS`, a fraction of one to nine digits behind a point or a comma, and `Z`, `±HH:MM`, `±HHMM`
 * or `±HH`; without an offset it is UTC. For `T` there may be a space.
 *
 * Nothing is rounded: digits behind the sixth must be zeros. There are no leap seconds, and no 24:00.
 *
 * @returns microseconds since 1970, a safe integer; or what is wrong, in words that follow the field's name
 */
export function readTimestamp(text: string): number | string {
  const days = readDay(text);
  const separator = text[10];
  const hasSeparators =
    (separator === 'T' || separator === 't' || separator === ' ') && text[13] === ':' && text[16] === ':';
  if (!hasSeparators) return SYNTAX;
  const hour = readDigits(text, 11, 13);
  const minute = readDigits(text, 14, 16);
  const second = readDigits(text, 17, 19);
  const isTime = hour <= 23 && minute <= 59 && second <= 59;
  if (Number.isNaN(days) || !isTime) return SYNTAX;

  const fractionEnd = endOfFraction(text);
  const offset = readOffset(text, fractionEnd);
  const digits = fractionEnd - FRACTION_START;
  if (Number.isNaN(offset) || digits === 0 || digits > 9) return SYNTAX;

  const nanos = digits > 0 ? readDigits(text, FRACTION_START, fractionEnd) * 10 ** (9 - digits) : 0;
  if (nanos % 1_000 !== 0) return TOO_FINE;
  const seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
  // Exact wherever it is safe: a multiple of a million below 2⁵⁴, and less than a million.
  const micros = seconds * MICROS_PER_SECOND + nanos / 1_000;
  return Number.isSafeInteger(micros) ? micros : OUT_OF_RANGE;
}

/** Of the digits, when there is a point or a comma before them. */
const FRACTION_START = 20;

/** Where the offset begins: behind the last digit of the fraction, or behind the seconds when there is none. */
function endOfFraction(text: string): number {
  const mark = text[FRACTION_START - 1];
  if (mark !== '.' && mark !== ',') return FRACTION_START - 1;
  let end = FRACTION_START;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

/** Minutes east of UTC that the rest of the text says; NaN when it is no offset. */
function readOffset(text: string, start: number): number {
  const sign = text[start];
  const length = text.length - start;
  if (length === 0 || (length === 1 && (sign === 'Z' || sign === 'z'))) return 0;
  if (sign !== '+' && sign !== '-') return Number.NaN;
  const hours = readDigits(text, start + 1, start + 3);
  const minutesStart = text[start + 3] === ':' ? start + 4 : start + 3;
  const minutes = readDigits(text, minutesStart, text.length);
  const isOffset = (length === 3 || text.length - minutesStart === 2) && hours <= 23 && minutes <= 59;
  if (!isOffset) return Number.NaN;
  return sign === '-' ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ`. @param micros since 1970, a safe integer */
export function formatTimestamp(micros: number): string {
  // Remainders are exact where a quotient of so large a number is not.
  const rest = ((micros % 1_000) + 1_000) % 1_000;
  const milliseconds = new Date((micros - rest) / 1_000).toISOString().slice(0, -1);
  return `${milliseconds}${`${rest}`.padStart(3, '0')}Z`;
}

/** Days and instants as numbers, over the whole of the years 0000–9999 of the proleptic Gregorian calendar. */

export const DAY_MS = 86_400_000;

/** 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can say. */
const FIRST_MS = -62_167_219_200_000;
const LAST_MS = 253_402_300_799_999;

/** Days from 1970-01-01; NaN when there is no such day, or one of the numbers is NaN. */
export function dayNumber(year: number, month: number, day: number): number {
  const isDay = year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!isDay) return Number.NaN;
  // Years are counted from March, so that the day that comes and goes is the last one.
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - DAYS_TO_1970;
}

/** From 0000-03-01. */
const DAYS_TO_1970 = 719_468;

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
}

/** The number that the ASCII digits of a part of a text say; NaN when one of them is none. */
export function readDigits(text: string, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    const isDigit = digit >= 0 && digit <= 9;
    if (!isDigit) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** The day that a text begins with, `YYYY-MM-DD`, in days from 1970-01-01; NaN when it begins with none. */
export function readDay(text: string): number {
  if (text[4] !== '-' || text[7] !== '-') return Number.NaN;
  return dayNumber(readDigits(text, 0, 4), readDigits(text, 5, 7), readDigits(text, 8, 10));
}

/** `YYYY-MM-DDTHH:MM:SS.sssZ`; instants outside of the years 0000–9999 give the first or the last one. */
export function utcText(epochMs: number): string {
  return new Date(Math.min(Math.max(epochMs, FIRST_MS), LAST_MS)).toISOString();
}

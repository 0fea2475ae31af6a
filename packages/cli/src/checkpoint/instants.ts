/** Instants to the microsecond. */

import { parseInstant } from '@millrace/core';

const MICROSECONDS = 1_000_000;

/** RFC 3339 in UTC with six digits: `2026-11-22T10:00:00.000001Z`. */
export function instantText(microseconds: number): string {
  const second = Math.floor(microseconds / MICROSECONDS);
  const fraction = String(microseconds - second * MICROSECONDS).padStart(6, '0');
  return new Date(second * 1_000).toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
}

/** @param ms epoch milliseconds */
export function instantOfMs(ms: number): string {
  return instantText(ms * 1_000);
}

/** @param text RFC 3339; digits beyond the microsecond are dropped */
export function toMicroseconds(text: string): number {
  const instant = parseInstant(text);
  if (instant === undefined) throw new RangeError(`${text} is not an instant`);
  const digits = /\.(\d+)/.exec(instant.text)?.[1] ?? '';
  return Math.floor(instant.epochMs / 1_000) * MICROSECONDS + Number(digits.slice(0, 6).padEnd(6, '0'));
}

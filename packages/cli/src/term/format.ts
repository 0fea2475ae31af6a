/** Numbers, times and foreign text, for people. */

import { stripVTControlCharacters } from 'node:util';

const GROUPED = new Intl.NumberFormat('en-US');

/** `1,234,567` */
export function formatCount(value: number): string {
  return GROUPED.format(value);
}

/** `1 message`, `1,200 messages` */
export function formatAmount(value: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(value)} ${value === 1 ? singular : plural}`;
}

/**
 * `2026-11-22 11:30:05` in local time; text that is not a time is returned as it is.
 *
 * @param offsetMinutes minutes east of UTC at that moment
 */
export function formatTime(text: string, offsetMinutes?: number): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return cleanText(text);
  const offset = offsetMinutes ?? -new Date(ms).getTimezoneOffset();
  return new Date(ms + offset * 60_000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}

/** `340 ms`, `3.2 s`, `2 min 5 s` */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${formatCount(Math.floor(seconds / 60))} min ${seconds % 60} s`;
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `340 B`, `1.2 MB`, with a thousand of a unit in the next. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 'B'];
  for (const next of BYTE_UNITS) {
    // What would be printed as 1000.0 is one of the next.
    if (value < (unit === 'B' ? 1_000 : 999.95)) break;
    [value, unit] = [value / 1_000, next];
  }
  return unit === 'B' ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}

/** Control, format and line-breaking characters: in a terminal they could move the cursor or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Text from elsewhere (a target's answer, a file), safe to print on one line of a terminal. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, ' ').trim();
}

/** Keeps both ends: `https://par…/hooks`. At most `width` characters. */
export function shortenMiddle(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  const tail = Math.floor((width - 1) / 2);
  const head = width - 1 - tail;
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

/** Keeps the beginning. At most `width` characters. */
export function shortenEnd(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

export function textWidth(text: string): number {
  return Array.from(text).length;
}

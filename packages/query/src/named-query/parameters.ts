/** Parameters of named queries: what people give, checked, in one usual form of text. */

import { ConfigError, parseInstant } from '@millrace/core';

export const PARAMETER_TYPES = ['string', 'integer', 'date', 'timestamp'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly isRequired: boolean;
  /** The value when none is given, in its usual form; undefined: NULL, which filters nothing. */
  readonly missing: string | undefined;
  /** What it does, for people. */
  readonly about: string;
}

/** A value for each parameter, in its usual form; null stands for NULL. */
export type ParameterValues = ReadonlyMap<string, string | null>;

/**
 * @param given pairs `name=value`, as they were typed
 * @param now epoch milliseconds
 * @throws ConfigError with every problem
 */
export function readParameterValues(
  parameters: readonly Parameter[],
  given: readonly string[],
  now: number,
): ParameterValues {
  const problems: string[] = [];
  const values = new Map<string, string | null>(parameters.map(({ name, missing = null }) => [name, missing]));
  const seen = new Set<string>();
  for (const pair of given) {
    const [name, text] = splitPair(pair);
    const parameter = parameters.find((known) => known.name === name);
    if (text === undefined) problems.push(`--param ${pair}: must be NAME=VALUE`);
    else if (parameter === undefined) problems.push(`--param ${name}: ${describeKnown(parameters)}`);
    else if (seen.has(name)) problems.push(`--param ${name}: is given twice`);
    else {
      const value = readValue(parameter.type, text, now);
      if (value === undefined) problems.push(`--param ${name}: must be ${EXPECTED[parameter.type]}, not "${text}"`);
      else values.set(name, value);
    }
    seen.add(name);
  }
  for (const { name, isRequired, type, about } of parameters) {
    if (isRequired && !seen.has(name)) problems.push(`--param ${name}=… is missing: ${about} (${type})`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

function splitPair(pair: string): readonly [name: string, value: string | undefined] {
  const at = pair.indexOf('=');
  return at === -1 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

function describeKnown(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return 'this query has no parameters';
  return `there is none of this name; there are ${parameters.map(({ name }) => name).join(', ')}`;
}

const EXPECTED: Readonly<Record<ParameterType, string>> = {
  string: 'text',
  integer: 'a whole number',
  date: 'a day such as 2026-11-22, or how long ago: 7d',
  timestamp: 'a time such as 2026-11-22T10:00:00Z (UTC without an offset), a day, or how long ago: 30m, 2h, 7d',
};

/**
 * The usual form of a value: text as it is; digits; `YYYY-MM-DD`; RFC 3339 in UTC. Undefined when it is none.
 *
 * @param now epoch milliseconds, from which `7d` counts back
 */
export function readValue(type: ParameterType, text: string, now: number): string | undefined {
  switch (type) {
    case 'string':
      return text.isWellFormed() && !text.includes('\0') ? text : undefined;
    case 'integer':
      return /^-?\d{1,18}$/.test(text) ? String(BigInt(text)) : undefined;
    case 'date':
      return readInstant(text, now)?.slice(0, 10);
    case 'timestamp':
      return readInstant(text, now);
  }
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const WITHOUT_OFFSET = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,6})?)?$/;
const FINER_THAN_MICROSECONDS = /\.\d{7,}Z$/;
const AGO = /^(\d{1,6})([smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Times in the data are UTC, so one without an offset is as well. */
function readInstant(text: string, now: number): string | undefined {
  const [, amount = '', unit = ''] = AGO.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  const [, day = '', minutes = '', seconds = ':00'] = WITHOUT_OFFSET.exec(text) ?? [];
  const full =
    unitMs !== undefined ? isoAgo(now - Number(amount) * unitMs) : day === '' ? text : `${day}T${minutes}${seconds}Z`;
  const instant = parseInstant(DAY.test(full) ? `${full}T00:00:00Z` : full)?.text;
  return instant === undefined || FINER_THAN_MICROSECONDS.test(instant) ? undefined : instant;
}

function isoAgo(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

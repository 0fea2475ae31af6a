/** Values of DuckDB as JSON, and as text. */

import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Every decimal of so many digits is one number, and that number's shortest text is the decimal. */
const EXACT_DIGITS = 15;

/**
 * - whole numbers within ±(2⁵³ − 1), and decimals of up to 15 digits: numbers; beyond, strings of digits;
 * - `NaN`, `Infinity`, `-Infinity`: strings;
 * - TIMESTAMPTZ: `2026-11-22T10:00:00.123456Z`; TIMESTAMP the same without `Z`; DATE `2026-11-22`;
 * - lists: arrays; structs: objects; maps: arrays of `[key, value]`;
 * - all else: DuckDB's text.
 */
export function toJson(value: DuckDBValue): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof DuckDBDecimalValue) return decimal(value);
  if (value instanceof DuckDBTimestampTZValue) return isoText(value.micros, 'Z') ?? value.toString();
  if (value instanceof DuckDBTimestampValue) return isoText(value.micros, '') ?? value.toString();
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toJson);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, toJson(entry)]));
  }
  if (value instanceof DuckDBMapValue) return value.entries.map(({ key, value: of }) => [toJson(key), toJson(of)]);
  return value.toString();
}

/** One text for a value that is not null; nested ones as JSON. */
export function toText(value: Exclude<DuckDBValue, null>): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || value instanceof DuckDBDecimalValue) return value.toString();
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

/** The value as a number, for a chart; undefined when it is none. */
export function toNumber(value: DuckDBValue): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  const number = value instanceof DuckDBDecimalValue ? Number(value.toString()) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function wholeNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function decimal(value: DuckDBDecimalValue): number | string {
  const digits = value.value.toString().replace('-', '').length;
  return digits <= EXACT_DIGITS ? Number(value.toString()) : value.toString();
}

const MICROS_PER_MS = 1_000n;

/** Undefined for infinity, and outside the years 0000 to 9999. */
function isoText(micros: bigint, zone: string): string | undefined {
  const belowMs = ((micros % MICROS_PER_MS) + MICROS_PER_MS) % MICROS_PER_MS;
  const date = new Date(Number((micros - belowMs) / MICROS_PER_MS));
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9_999)) return undefined;
  return date.toISOString().replace('Z', `${String(belowMs).padStart(3, '0')}${zone}`);
}

const { TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT } = DuckDBTypeId;
const { FLOAT, DOUBLE, DECIMAL } = DuckDBTypeId;
const NUMERIC: ReadonlySet<DuckDBTypeId> = new Set([
  ...[TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT],
  ...[FLOAT, DOUBLE, DECIMAL],
]);

export function isNumeric({ typeId }: DuckDBType): boolean {
  return NUMERIC.has(typeId);
}

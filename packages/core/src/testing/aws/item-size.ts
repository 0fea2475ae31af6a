/** Bytes of DynamoDB items, by which writes are paid. */

import { isJson } from './json-input.ts';
import type { Json } from './service.ts';

const WRITE_UNIT_BYTES = 1_024;
/** Of a list or a map, beside its elements. */
const CONTAINER_BYTES = 3;

/** What a write whose condition failed costs: the size of the item that is there, one unit at least. */
export function failedWriteUnits(item: Json | undefined): number {
  return Math.max(1, Math.ceil(itemSize(item ?? {}) / WRITE_UNIT_BYTES));
}

export function itemSize(item: Json): number {
  let size = 0;
  for (const [name, value] of Object.entries(item)) size += Buffer.byteLength(name) + valueSize(value);
  return size;
}

function valueSize(attribute: unknown): number {
  if (!isJson(attribute)) return 0;
  const [type = '', value] = Object.entries(attribute)[0] ?? [];
  if (type === 'M')
    return CONTAINER_BYTES + itemSize(isJson(value) ? value : {}) + (isJson(value) ? Object.keys(value).length : 0);
  if (!Array.isArray(value)) return scalarSize(type, value);
  if (type === 'L') return value.reduce<number>((size, one) => size + 1 + valueSize(one), CONTAINER_BYTES);
  return value.reduce<number>((size, one) => size + scalarSize(type.slice(0, 1), one), 0);
}

function scalarSize(type: string, value: unknown): number {
  if (type === 'S') return Buffer.byteLength(String(value));
  if (type === 'B') return Buffer.byteLength(String(value), 'base64');
  // Two digits are a byte, and one more for sign and exponent.
  if (type === 'N') return Math.ceil(String(value).replace(/[-.]/g, '').length / 2) + 1;
  return 1;
}

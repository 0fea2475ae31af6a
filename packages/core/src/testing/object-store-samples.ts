/** Keys and bytes that stores get wrong, and the order that they must keep. */

import fc from 'fast-check';
import { assertObjectKey, InvalidKeyError } from '../ports/object-store.ts';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(object: { readonly bytes: Uint8Array } | undefined): string | undefined {
  return object && new TextDecoder().decode(object.bytes);
}

/** The order of `list`. */
export function inByteOrder(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

export function isKey(text: string): boolean {
  try {
    assertObjectKey(text);
    return true;
  } catch (error) {
    if (error instanceof InvalidKeyError) return false;
    throw error;
  }
}

/** Few, so that the keys of a set meet: one the folder of another, equal but for a letter's case, next in order. */
const SEGMENTS = [
  '',
  '.',
  '..',
  '...',
  '.tmp',
  'a',
  'A',
  'a.',
  'a-',
  'a0',
  'b.csv',
  'dt=2026-11-22',
  '@a',
  'a@',
  'a+',
  'a!',
  'a b',
  '%',
  '%41',
  'a%2Fb',
  '\\',
  '?x=1&y#z',
  '"<&>\'',
  '\t\n\r',
  '\u0001\u001f\u007f',
  'é',
  'e\u0301',
  '\ufffd\uffff',
  '\u{10000}',
  '\u{1f600}',
];
const LONG = [79, 80, 81, 160, 161, 255, 256, 400];
const CHARACTERS = ['x', 'X', '.', '%', 'é', '!', '0'];

const segments: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...SEGMENTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...LONG), fc.constantFrom(...CHARACTERS), fc.constantFrom(...CHARACTERS))
      .map(([length, character, last]) => character.repeat(length - 1) + last),
  },
);

/** Any legal key, odd ones more often than not. */
export function aKey(): fc.Arbitrary<string> {
  return fc
    .array(segments, { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
    .filter(isKey);
}

/** Distinct keys. */
export function someKeys(minLength: number, maxLength: number): fc.Arbitrary<string[]> {
  return fc.uniqueArray(aKey(), { minLength, maxLength });
}

/** A start of one of the keys, or of another one, or nothing. */
export function aPrefix(keys: readonly string[]): fc.Arbitrary<string> {
  const starts = keys.flatMap((key) => [...key].map((_, index, characters) => characters.slice(0, index + 1).join('')));
  const all = starts.filter(isKey);
  const own = all.length === 0 ? aKey() : fc.constantFrom(...all);
  return fc.oneof({ weight: 3, arbitrary: own }, { weight: 2, arbitrary: fc.constant('') }, aKey());
}

export function someBytes(maxLength = 300): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ maxLength });
}

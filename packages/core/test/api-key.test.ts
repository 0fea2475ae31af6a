import { describe, expect, test } from '@jest/globals';
import {
  excessOf,
  type Grant,
  isKeyOf,
  KEY_BYTES,
  keyState,
  keyText,
  readKeyText,
  SCOPES,
  type Scope,
  type StoredKey,
} from '@millrace/core';
import { aStoredKey, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';

const NOW = START_TIME;
const random = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });
const anyKeyText = random.map(keyText);

/** The key of a text, as it is kept. */
function stored(text: string): StoredKey {
  const reading = readKeyText(text);
  if (reading === undefined) throw new Error(`${text} is no key`);
  return aStoredKey(reading);
}

/** Does a text open what the key is for? */
function opens(text: string, key: StoredKey): boolean {
  const reading = readKeyText(text);
  return reading !== undefined && reading.id === key.id && isKeyOf(key, reading.hash);
}

describe('the text of a key', () => {
  test('opens what it was made for, and names its id', () => {
    fc.assert(
      fc.property(anyKeyText, (text) => {
        const key = stored(text);
        expect(text).toMatch(/^mlr_[a-z2-7]{12}_[a-z2-7]{59}$/);
        expect(text.split('_')[1]).toBe(key.id);
        expect(opens(text, key)).toBe(true);
      }),
    );
  });

  test('is another for other random bytes, whichever bit of them it is', () => {
    fc.assert(
      fc.property(random, fc.nat(KEY_BYTES * 8 - 1), (bytes, bit) => {
        const other = Uint8Array.from(bytes);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // Of the last 64 bits the id has 60.
        const isOfNoUse = bit >> 3 === KEY_BYTES - 1 && (bit & 7) < 4;
        expect(keyText(other) === keyText(bytes)).toBe(isOfNoUse);
      }),
      { numRuns: 300 },
    );
  });

  test('that was cut anywhere is not taken for a whole one', () => {
    fc.assert(
      fc.property(anyKeyText, fc.nat(), fc.nat(), (text, from, length) => {
        const start = from % text.length;
        const part = text.slice(start, start + (length % text.length));
        expect(readKeyText(part)).toBeUndefined();
      }),
    );
  });

  test('with any character changed opens nothing', () => {
    const character = fc.oneof(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567_'), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(anyKeyText, fc.nat(), character, (text, position, other) => {
        const at = position % text.length;
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        fc.pre(changed !== text);
        expect(opens(changed, stored(text))).toBe(false);
        expect(readKeyText(changed)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('with any bit of it flipped opens nothing', () => {
    fc.assert(
      fc.property(anyKeyText, fc.nat(), (text, position) => {
        const bytes = Buffer.from(text);
        const bit = position % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(opens(bytes.toString('latin1'), stored(text))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('needs all of its random bytes', () => {
    expect(() => keyText(new Uint8Array(KEY_BYTES - 1))).toThrow(RangeError);
    expect(() => keyText(new Uint8Array(KEY_BYTES + 1))).toThrow(RangeError);
  });

  test('is not kept: what is stored holds nothing of its secret', () => {
    fc.assert(
      fc.property(anyKeyText, (text) => {
        const secret = text.slice(17);
        expect(JSON.stringify(stored(text))).not.toContain(secret.slice(0, 8));
      }),
    );
  });
});

describe('comparing keys', () => {
  test('tells equal hashes from others, wherever they differ', () => {
    fc.assert(
      fc.property(anyKeyText, fc.nat(63), (text, at) => {
        const { hash } = stored(text);
        const other = hash.slice(0, at) + (hash[at] === '0' ? '1' : '0') + hash.slice(at + 1);
        expect(isKeyOf({ hash }, hash)).toBe(true);
        expect(isKeyOf({ hash }, other)).toBe(false);
      }),
    );
  });

  test('where there is no key finds none, whatever is given', () => {
    for (const given of ['0'.repeat(64), 'f'.repeat(64)]) expect(isKeyOf(undefined, given)).toBe(false);
  });
});

test.each([
  ['good', {}],
  ['good', { expiresAt: NOW + 1 }],
  ['expired', { expiresAt: NOW }],
  ['revoked', { revokedAt: NOW }],
  ['revoked', { revokedAt: NOW + 1, expiresAt: NOW - 1 }],
])('a key is %s with %j', (state, fields) => {
  expect(keyState(aStoredKey(fields), NOW)).toBe(state);
});

describe('what a grant gives beyond another', () => {
  const senders = fc.oneof(fc.constant<'all'>('all'), fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }));
  const orNull = (values: fc.Arbitrary<number>) => fc.option(values, { nil: null });
  const grant: fc.Arbitrary<Grant> = fc.record({
    senders,
    scopes: fc.uniqueArray(fc.constantFrom<Scope>(...SCOPES), { minLength: 1 }),
    expiresAt: orNull(fc.constantFrom(NOW + 1, NOW + 2)),
    limits: fc.record({
      rate: fc.option(fc.record({ perSecond: fc.constantFrom(1, 2), burst: fc.constantFrom(100, 200) }), { nil: null }),
      backlog: orNull(fc.constantFrom(1, 2)),
    }),
  });

  /** Everything that a grant lets one do, out of a small world. */
  function deeds({ senders, scopes, expiresAt, limits }: Grant): Set<string> {
    const all = new Set<string>();
    const upTo = (limit: number | null, values: readonly number[]) =>
      values.filter((value) => value <= (limit ?? 1e99));
    for (const sender of ['a', 'b', 'c', 'd'].filter((id) => senders === 'all' || senders.includes(id))) {
      for (const scope of scopes) {
        for (const at of upTo(expiresAt, [NOW + 1, NOW + 2, NOW + 3])) all.add(`${sender} ${scope} before ${at}`);
      }
    }
    for (const waiting of upTo(limits.backlog, [1, 2, 3])) all.add(`${waiting} waiting`);
    for (const rate of upTo(limits.rate?.perSecond ?? null, [1, 2, 3])) all.add(`${rate} a second`);
    for (const burst of upTo(limits.rate?.burst ?? null, [100, 200, 300])) all.add(`${burst} at once`);
    return all;
  }

  test('is nothing exactly when everything that it lets one do the other does too', () => {
    fc.assert(
      fc.property(grant, grant, (wanted, held) => {
        const allowed = deeds(held);
        expect(excessOf(wanted, held).length === 0).toBe([...deeds(wanted)].every((deed) => allowed.has(deed)));
      }),
      { numRuns: 1_000 },
    );
  });

  test('is named', () => {
    const held: Grant = { senders: ['a'], scopes: ['read'], expiresAt: NOW, limits: { rate: null, backlog: 5 } };
    const none: Grant = { senders: 'all', scopes: ['send'], expiresAt: null, limits: { rate: null, backlog: null } };
    expect(excessOf(held, held)).toEqual([]);
    expect(excessOf(none, held)).toEqual(['senders', 'scopes', 'expiresAt', 'limits']);
    expect(excessOf({ ...held, senders: ['a', 'b'] }, held)).toEqual(['senders']);
  });
});

/**
 * What every `SecretStore` must do, whatever it is built on. It knows an adapter only by the port and by
 * `SecretStoreHarness`.
 */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SecretStore } from '../ports/secret-store.ts';
import { testNeeding } from './aws/test-needing.ts';
import { useHarness } from './use-harness.ts';

/** What the conformance suite needs of an adapter beside the port. */
export interface SecretStoreHarness {
  /** Of the process that runs now; `restart` replaces it. */
  readonly store: SecretStore;
  /** The process ends and another starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What a backend may lack. */
export const RACING_CREATORS = 'one winner among creators of a secret at once';

const RUNS = 100;
const TIMEOUT_MS = 120_000;

/** Equal but for a letter's case or an escape, of folders and parents, and as long as they may be. */
const TELLING_NAMES = [
  'a',
  'signing-billing',
  'signing-Billing',
  'signing-.42illing',
  'signing-a/b',
  'signing-a.2fb',
  'signing-/../..',
  'signing-..',
  'signing-aws',
  'signing-%2e%00',
  'signing-:*?"<>|\\',
  "signing-'$(x)`",
  `signing-${'x'.repeat(128)}`,
  `signing-${'X'.repeat(128)}`,
  `signing-${'X'.repeat(127)}x`,
  `s${'~'.repeat(149)}`,
];

const printable = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength: 149 })
  .map((codes) => `s${String.fromCharCode(...codes)}`);

const aName = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...TELLING_NAMES) }, printable);

const aText = fc
  .oneof(fc.string({ minLength: 1, maxLength: 60 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }))
  .filter((text) => text.isWellFormed() && !text.includes('{{') && !text.includes('\0'));

type Step = { readonly kind: 'create' | 'replace' | 'get' | 'restart'; readonly name: string; readonly text: string };

const steps = fc.uniqueArray(aName, { minLength: 1, maxLength: 3 }).chain((names) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom('create', 'create', 'replace', 'get', 'get', 'restart'),
      name: fc.constantFrom(...names),
      text: aText,
    }),
    { minLength: 1, maxLength: 8 },
  ),
);

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store, for every test
 * @param lacks what the backend cannot do, by the name that a test asks for
 */
export function describeSecretStore(
  name: string,
  open: () => Promise<SecretStoreHarness>,
  lacks: readonly string[] = [],
): void {
  describe(`${name} keeps the promises of SecretStore`, () => {
    const h = useHarness(open);

    test('a secret that was never created is not there', async () => {
      await h().store.create('signing-a', 'text');
      expect(await h().store.get('signing-b')).toBeUndefined();
    });

    test('a secret is kept as it was created, also by the process after', async () => {
      expect(await h().store.create('signing-a', 'line\n"ü" \u{1f600} ')).toBe('line\n"ü" \u{1f600} ');
      expect(await h().store.get('signing-a')).toBe('line\n"ü" \u{1f600} ');
      await h().restart();
      expect(await h().store.get('signing-a')).toBe('line\n"ü" \u{1f600} ');
    });

    test('creating a secret that is there leaves it as it is, and gives it', async () => {
      await h().store.create('signing-a', 'first');
      expect(await h().store.create('signing-a', 'second')).toBe('first');
      expect(await h().store.get('signing-a')).toBe('first');
    });

    test('replacing gives it another text, or makes it when there is none', async () => {
      await h().store.create('signing-a', 'first');
      await h().store.replace('signing-a', 'second');
      await h().store.replace('signing-b', 'other');
      await h().restart();
      expect([await h().store.get('signing-a'), await h().store.get('signing-b')]).toEqual(['second', 'other']);
      expect(await h().store.create('signing-b', 'third')).toBe('other');
    });

    test('holds a text as long as it may be', async () => {
      const text = 'ü'.repeat(2_048);
      await h().store.create('signing-a', text);
      expect(await h().store.get('signing-a')).toBe(text);
    });

    test.each(['', 'A', '1', '/a', 'a b', 'a\n', 'ü', 'a'.repeat(151)])('refuses the name %j', async (wrong) => {
      await expect(h().store.get(wrong)).rejects.toThrow(RangeError);
      await expect(h().store.create(wrong, 'text')).rejects.toThrow(RangeError);
      await expect(h().store.replace(wrong, 'text')).rejects.toThrow(RangeError);
    });

    test.each(['', 'x'.repeat(4_097), 'ü'.repeat(2_049), 'secret{{', 'secret\ud800'])(
      'refuses a text that cannot be kept, and does not quote it: %#',
      async (wrong) => {
        for (const call of [h().store.create('signing-a', wrong), h().store.replace('signing-a', wrong)]) {
          await expect(call).rejects.toThrow(RangeError);
          await expect(call).rejects.not.toThrow(/secret[{\ud800]|xxx|üüü/);
        }
        expect(await h().store.get('signing-a')).toBeUndefined();
      },
    );

    testNeeding(
      { name, lacks },
      RACING_CREATORS,
      'of any number of concurrent creators exactly one wins, and all are given its text',
      async () => {
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 2, max: 5 }), async (creators) => {
            run += 1;
            const secret = `signing-race-${run}`;
            const texts = Array.from({ length: creators }, (_, index) => `creator ${index}`);
            const given = await Promise.all(texts.map((text) => h().store.create(secret, text)));
            const kept = await h().store.get(secret);
            expect(texts).toContain(kept);
            expect(new Set(given)).toEqual(new Set([kept]));
          }),
          { numRuns: RUNS },
        );
      },
      TIMEOUT_MS,
    );

    test(
      'any calls, under any names, find what the calls before them left',
      async () => {
        const model = new Map<string, string>();
        const take = async ({ kind, name: secret, text }: Step): Promise<void> => {
          const present = model.get(secret);
          switch (kind) {
            case 'create':
              expect(await h().store.create(secret, text)).toBe(present ?? text);
              if (present === undefined) model.set(secret, text);
              break;
            case 'replace':
              await h().store.replace(secret, text);
              model.set(secret, text);
              break;
            case 'get':
              expect(await h().store.get(secret)).toBe(present);
              break;
            case 'restart':
              await h().restart();
          }
        };
        await fc.assert(
          fc.asyncProperty(steps, async (taken) => {
            for (const step of taken) await take(step);
          }),
          // Runs go on with what the ones before left: a smaller failing run would find another store.
          { numRuns: RUNS, endOnFailure: true },
        );
        for (const [secret, text] of model) expect(await h().store.get(secret)).toBe(text);
      },
      TIMEOUT_MS,
    );
  });
}

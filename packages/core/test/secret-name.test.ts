import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeSecretName, isSecretName } from '../src/domain/secret-name.ts';

const RUNS = 1_000;

const characters = fc.oneof(
  fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('.', '..', '.2e', '.41', '/', '../', '%', 'A', 'a'),
);
const aName = fc
  .oneof(
    fc.array(characters, { maxLength: 12 }).map((parts) => `s${parts.join('')}`),
    fc.tuple(fc.constantFrom('X', 'x', '.', '/'), characters).map(([long, last]) => `s${long.repeat(140)}${last}`),
  )
  .filter(isSecretName);

describe('what a secret is called where it is kept', () => {
  test.each([
    ['x-bearer-token', 'x-bearer-token'],
    ['signing-billing_eu', 'signing-billing_eu'],
    ['signing-Acme.eu', 'signing-.41cme.2eeu'],
    ['signing-../../etc/passwd', 'signing-.2e.2e.2f.2e.2e.2fetc.2fpasswd'],
  ])('%s is %s', (name, encoded) => {
    expect(encodeSecretName(name)).toBe(encoded);
  });

  test('is the same for no two names, also where capitals are small letters', () => {
    fc.assert(
      fc.property(fc.uniqueArray(aName, { minLength: 2, maxLength: 6 }), (names) => {
        expect(new Set(names.map(encodeSecretName).map((text) => text.toLowerCase())).size).toBe(names.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('is one plain name of any file system, of Parameter Store and of Secrets Manager', () => {
    fc.assert(
      fc.property(aName, (name) => {
        const encoded = encodeSecretName(name);
        expect(encoded).toMatch(/^[a-z][a-z0-9_.-]*$/);
        expect(encoded.length).toBeLessThanOrEqual(200);
      }),
      { numRuns: RUNS },
    );
  });
});

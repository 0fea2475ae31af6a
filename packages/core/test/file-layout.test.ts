import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromByteString, meaningOf, placeOf, toByteString } from '../src/sqlite/file-layout.ts';
import { aKey, inByteOrder, someKeys } from '../src/testing/object-store-samples.ts';

const RUNS = 500;
/** Of a name on the file systems in use; some take only 255 of these. */
const MAX_NAME = 255;

function pathOf(key: string): string[] {
  const { folders, file } = placeOf(toByteString(key));
  return [...folders, file];
}

/** The key that a path stands for, read entry by entry as a listing does. */
function keyAt(path: readonly string[]): string {
  return fromByteString(path.map((name) => meaningOf(name)?.part).join(''));
}

/** Compares paths as a listing walks them: entry by entry, in the order of their meanings. */
function compareWalk(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((name, at) => name !== b[at]);
  const [first, second] = [a, b].map((path) => meaningOf(path[index] ?? '')?.order ?? '');
  return first === second ? 0 : (first ?? '') < (second ?? '') ? -1 : 1;
}

describe('where an object lies', () => {
  test.each([
    ['a/B.csv', 'a/@%42.csv'],
    ['attempts/dt=2026-11-22/10/1-x.ndjson.gz', 'attempts/dt=2026-11-22/10/@1-x.ndjson.gz'],
    ['a//b/', 'a/%/b/@'],
    ['x/../.tmp', 'x/%2e./@%2etmp'],
    ['100%', '@100%25'],
    ['é', '@%c3%a9'],
    [`${'x'.repeat(80)}/y`, `${'x'.repeat(80)}/@y`],
    ['x'.repeat(81), `${'x'.repeat(80)}+/@x`],
    [`${'x'.repeat(80)}-`, `${'x'.repeat(80)}!/@-`],
  ])('%s lies at %s', (key, path) => {
    expect(pathOf(key).join('/')).toBe(path);
  });

  test('any key can be read from its path, and no two keys share one, also where capitals are small letters', () => {
    fc.assert(
      fc.property(someKeys(2, 6), (keys) => {
        const paths = keys.map(pathOf);
        expect(paths.map(keyAt)).toEqual(keys);
        expect(new Set(paths.map((path) => path.join('/').toLowerCase())).size).toBe(keys.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('a path of any key is made of plain names: none that a file system refuses, changes or reads as another place', () => {
    fc.assert(
      fc.property(aKey(), (key) => {
        for (const name of pathOf(key)) {
          expect(name).toMatch(/^[@%a-z0-9_=-][%a-z0-9_=.+!-]*$/);
          expect(name.length).toBeLessThanOrEqual(MAX_NAME);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('walking any set of keys entry by entry gives their byte order', () => {
    fc.assert(
      fc.property(someKeys(2, 8), (keys) => {
        const walked = keys.map(pathOf).sort(compareWalk).map(keyAt);
        expect(walked).toEqual(inByteOrder(keys));
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    '.tmp',
    '.DS_Store',
    'README',
    '@A',
    'a%4',
    '@%41%',
    '%61',
    '@%61',
    '%2f',
    '%2e%2e',
    'x'.repeat(81),
    'a+',
    '',
    '+',
  ])('%j is not of the store', (name) => {
    expect(meaningOf(name)).toBeUndefined();
  });
});

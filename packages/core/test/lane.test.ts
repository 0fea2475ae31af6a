import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { canonicalUrl, laneKey, originOf } from '@millrace/core';
import fc from 'fast-check';
import { migrate } from '../src/sqlite/schema.ts';

const url = fc
  .record({
    scheme: fc.constantFrom('http', 'https'),
    host: fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.constantFrom('a', 'ü.example'),
    ),
    port: fc.oneof(
      fc.constant(''),
      fc.integer({ min: 0, max: 65_535 }).map((port) => `:${port}`),
    ),
    rest: fc.oneof(fc.constant(''), fc.webPath(), fc.constantFrom('?a=/b', '//x', '/?q=https://y/z')),
  })
  .map(({ scheme, host, port, rest }) => canonicalUrl(`${scheme}://${host}${port}${rest}`));

test('the origin of a canonical URL is that of the URL standard', () => {
  fc.assert(
    fc.property(url, (target) => {
      expect(originOf(target)).toBe(new URL(target).origin);
    }),
    { numRuns: 500 },
  );
});

test('the database finds the same origin in any text', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const expression = String(db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'messages'").get()?.['sql']).match(
    /origin TEXT\s+GENERATED ALWAYS AS \((.*)\) VIRTUAL/s,
  )?.[1];
  const select = db.prepare(`SELECT ${expression} AS origin FROM (SELECT ? AS target_url)`);
  const text = fc.string({ unit: fc.constantFrom('/', ':', 'a', '.'), maxLength: 20 });
  fc.assert(
    fc.property(fc.oneof(url, text), (target) => {
      expect(select.get(target)?.['origin']).toBe(originOf(target));
    }),
    { numRuns: 500 },
  );
  db.close();
});

test('different lanes have different keys', () => {
  const id = fc.string({ unit: fc.constantFrom('a', '%', 'http', '/'), minLength: 1, maxLength: 3 });
  const lane = fc.record({ senderId: id, origin: url.map(originOf) });
  fc.assert(
    fc.property(lane, lane, (a, b) => {
      const isSame = a.senderId === b.senderId && a.origin === b.origin;
      expect(laneKey(a) === laneKey(b)).toBe(isSame);
    }),
    { numRuns: 500 },
  );
});

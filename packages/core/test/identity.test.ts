import { describe, expect, test } from '@jest/globals';
import type { Identity } from '@millrace/core';
import { canonicalUrl, identityKey, webhookId } from '@millrace/core';
import fc from 'fast-check';

/** Texts made of what could be mistaken for a separator or an escape of one. */
const tricky = fc.string({ unit: fc.constantFrom('%', '#', '%23', '%25', '2', '3', '5', 'a'), maxLength: 6 });
const id = fc.oneof(
  tricky,
  fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

const timestamp = fc.constantFrom(
  '2026-11-22T10:00:00Z',
  '2026-11-22T10:00:00.1Z',
  '2026-11-22T10:00:00.100000001Z',
  '0000-01-01T00:00:00Z',
);
const targetUrl = fc
  .oneof(
    fc.constantFrom('https://e.example/', 'https://e.example/?', 'https://e.example/%23', 'https://e.example/%2523'),
    fc.webUrl({ withQueryParameters: true }),
  )
  .map(canonicalUrl);

const identity: fc.Arbitrary<Identity> = fc.record({ senderId: id, messageId: id, timestamp, targetUrl });

/** Two identities that spell the same text with their ids, cut at two places. */
const shifted: fc.Arbitrary<[Identity, Identity]> = fc
  .tuple(identity, tricky, fc.nat(6), fc.nat(6))
  .map(([base, text, one, other]) => [cut(base, text, one), cut(base, text, other)]);

function cut(base: Identity, text: string, at: number): Identity {
  return { ...base, senderId: text.slice(0, at), messageId: text.slice(at) };
}

/** Two identities of which one spells a separator or an escape in the other's ids another way. */
const respelled: fc.Arbitrary<[Identity, Identity]> = fc
  .tuple(identity, tricky, tricky, fc.constantFrom(['#', '%23'], ['%23', '#'], ['%', '%25'], ['%25', '%'], ['#', '']))
  .map(([base, senderId, messageId, [from = '', to = '']]) => {
    const one = { ...base, senderId, messageId };
    return [one, { ...one, senderId: senderId.replace(from, to), messageId: messageId.replace(from, to) }];
  });

/** Two identities that share some of their parts, or all. */
const related: fc.Arbitrary<[Identity, Identity]> = fc
  .tuple(identity, identity, fc.subarray(['senderId', 'messageId', 'timestamp', 'targetUrl'] as const))
  .map(([one, other, same]) => [one, { ...other, ...Object.fromEntries(same.map((part) => [part, one[part]])) }]);

function isSame(one: Identity, other: Identity): boolean {
  const parts = ['senderId', 'messageId', 'timestamp', 'targetUrl'] as const;
  return parts.every((part) => one[part] === other[part]);
}

describe('identityKey', () => {
  test('gives two messages the same key exactly when all parts of their identities are the same', () => {
    fc.assert(
      fc.property(fc.oneof(shifted, respelled, related), ([one, other]) => {
        const [a, b] = [identityKey(one), identityKey(other)];
        expect(a.pk === b.pk && a.sk === b.sk).toBe(isSame(one, other));
      }),
      { numRuns: 5_000 },
    );
  });

  test('separates the ids by the only # of the partition key', () => {
    fc.assert(
      fc.property(identity, (any) => {
        expect(identityKey(any).pk.split('#').map(decodePart)).toEqual([any.senderId, any.messageId]);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The inverse of the encoding, in one pass. */
function decodePart(part: string): string {
  return part.replace(/%(23|25)/g, (_, code: string) => (code === '23' ? '#' : '%'));
}

describe('webhookId', () => {
  test('is the same for two messages exactly when all parts of their identities are the same', () => {
    fc.assert(
      fc.property(fc.oneof(shifted, respelled, related), ([one, other]) => {
        expect(webhookId(one) === webhookId(other)).toBe(isSame(one, other));
      }),
      { numRuns: 5_000 },
    );
  });

  test('is msg_ and 32 characters that every receiver can keep', () => {
    fc.assert(
      fc.property(identity, (any) => {
        expect(webhookId(any)).toMatch(/^msg_[a-z2-7]{32}$/);
      }),
      { numRuns: 1_000 },
    );
  });
});

// Rows that are stored and ids that receivers remember depend on these: a change of the format is a migration.
test.each([
  {
    identity: {
      senderId: 'billing',
      messageId: 'order-42',
      timestamp: '2026-11-22T10:00:00Z',
      targetUrl: 'https://partner.example/hooks',
    },
    pk: 'billing#order-42',
    sk: '2026-11-22T10:00:00Z#oPC3VcYwOjZuCSS2iEuWLiwSbo9xgwZEp3H3KauVJYE',
    webhook: 'msg_gkoeexfbi6jrdmj3fiqvvwljawymt43w',
  },
  {
    identity: {
      senderId: 'a#b',
      messageId: 'c%23',
      timestamp: '0000-01-01T00:00:00.000000001Z',
      targetUrl: 'http://127.0.0.1:8080/?q=%23',
    },
    pk: 'a%23b#c%2523',
    sk: '0000-01-01T00:00:00.000000001Z#RnKRASfJIphpdI_T7xjImAVnurAyTFdKFgKzLABjD78',
    webhook: 'msg_pwvq6z45mr474evt3n73lrirfcded46o',
  },
  {
    identity: {
      senderId: '%',
      messageId: '#',
      timestamp: '9999-12-31T23:59:59.999999999Z',
      targetUrl: 'https://xn--bcher-kva.example/%C3%BC',
    },
    pk: '%25#%23',
    sk: '9999-12-31T23:59:59.999999999Z#nu4JgWLiEgZiH4ROYMjNQjfkqCYnxxRZLPchjhNBV3w',
    webhook: 'msg_xjitdonlk4czezuv2hklxtpanruiahd5',
  },
])('the names of $identity.senderId, $identity.messageId are the ones that are in use', (example) => {
  expect(identityKey(example.identity)).toEqual({ pk: example.pk, sk: example.sk });
  expect(webhookId(example.identity)).toBe(example.webhook);
});

describe('canonicalUrl', () => {
  const url = fc
    .oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true, validSchemes: ['http', 'https', 'HTTP'] }),
      fc
        .tuple(fc.constantFrom('http://', 'https://e.example/', 'https:\\\\', 'data:'), fc.string({ unit: 'binary' }))
        .map(([start, rest]) => start + rest),
    )
    .filter(URL.canParse);

  test('leaves its own text as it is', () => {
    fc.assert(
      fc.property(url, (text) => {
        const once = canonicalUrl(text);
        expect(canonicalUrl(once)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('does not see the fragment', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.string({ unit: 'binary' }), (text, fragment) => {
        expect(canonicalUrl(`${text}#${fragment}`)).toBe(canonicalUrl(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test('holds ASCII without white space and #', () => {
    fc.assert(
      fc.property(
        url.filter((text) => /^http/i.test(text)),
        (text) => {
          expect(canonicalUrl(text)).toMatch(/^[!-~]+$/);
          expect(canonicalUrl(text)).not.toContain('#');
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['HTTP://EXAMPLE.com:80/a/../b?x#f', 'http://example.com/b?x'],
    ['https://e.example:443', 'https://e.example/'],
    ['https://e.example:8443/', 'https://e.example:8443/'],
    ['https://e.example/%7e/%2E%2e/a b', 'https://e.example/a%20b'],
    ['https:\\\\e.example\\x', 'https://e.example/x'],
    [' https://e.exam\tple/\n', 'https://e.example/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['https://bücher.example/ü?ü', 'https://xn--bcher-kva.example/%C3%BC?%C3%BC'],
    ['https://e.example/#', 'https://e.example/'],
    ['https://e.example/?', 'https://e.example/?'],
    ['https://e.example/?q=%23#', 'https://e.example/?q=%23'],
  ])('writes %j as %s', (text, canonical) => {
    expect(canonicalUrl(text)).toBe(canonical);
  });

  test.each(['', '/hooks', 'e.example/hooks', 'https://', 'https://[::1', 'https://e.example:99999/'])(
    'throws for %j, which is not an absolute URL',
    (text) => {
      expect(() => canonicalUrl(text)).toThrow(expect.objectContaining({ name: 'TypeError', message: 'Invalid URL' }));
    },
  );
});

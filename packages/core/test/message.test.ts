import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { DeliveryRequest, HeaderList } from '@millrace/core';
import { contentHash, METHODS } from '@millrace/core';
import fc from 'fast-check';

const method = fc.constantFrom(...METHODS);
const name = fc.string({ unit: fc.constantFrom('a', 'b', 'X', '-', '1', '!'), minLength: 1, maxLength: 4 });
const value = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ']', '[', '\\', ' ', 'é'), maxLength: 6 });
const headers: fc.Arbitrary<HeaderList> = fc.uniqueArray(fc.tuple(name, value), {
  maxLength: 8,
  selector: ([key]) => key.toLowerCase(),
});
const body = fc.uint8Array({ maxLength: 20 });
const request: fc.Arbitrary<DeliveryRequest> = fc.record({ method, headers, body });

function makeRequest(changes: Partial<DeliveryRequest> = {}): DeliveryRequest {
  return { method: 'POST', headers: [], body: new Uint8Array(), ...changes };
}

/** The request with header `index` replaced by `headers`. */
function withHeader(input: DeliveryRequest, index: number, ...replacement: HeaderList): DeliveryRequest {
  return { ...input, headers: input.headers.toSpliced(index, 1, ...replacement) };
}

describe('contentHash', () => {
  test('does not depend on the order of headers', () => {
    const reordered = request.chain((one) => {
      const all = { minLength: one.headers.length, maxLength: one.headers.length };
      return fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.headers], all));
    });
    fc.assert(
      fc.property(reordered, ([one, shuffled]) => {
        expect(contentHash({ ...one, headers: shuffled })).toBe(contentHash(one));
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not depend on the case of header names', () => {
    const recase = (text: string, upper: readonly boolean[]) =>
      [...text].map((char, at) => (upper[at] ? char.toUpperCase() : char.toLowerCase())).join('');
    fc.assert(
      fc.property(request, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (one, upper) => {
        const recased = one.headers.map(([key, text]) => [recase(key, upper), text] as const);
        expect(contentHash({ ...one, headers: recased })).toBe(contentHash(one));
      }),
      { numRuns: 1_000 },
    );
  });

  test('depends on the method', () => {
    fc.assert(
      fc.property(request, method, (one, other) => {
        expect(contentHash({ ...one, method: other }) === contentHash(one)).toBe(other === one.method);
      }),
    );
  });

  test('depends on the value and the name of every header', () => {
    const changed = request
      .filter((one) => one.headers.length > 0)
      .chain((one) => fc.tuple(fc.constant(one), fc.nat(one.headers.length - 1), fc.tuple(name, value)));
    fc.assert(
      fc.property(changed, ([one, index, [otherName, otherValue]]) => {
        const [key = '', text = ''] = one.headers[index] ?? [];
        const isNewName = one.headers.every(([present]) => present.toLowerCase() !== otherName.toLowerCase());
        expect(contentHash(withHeader(one, index, [key, otherValue])) === contentHash(one)).toBe(otherValue === text);
        if (isNewName) expect(contentHash(withHeader(one, index, [otherName, text]))).not.toBe(contentHash(one));
        expect(contentHash(withHeader(one, index))).not.toBe(contentHash(one));
      }),
      { numRuns: 1_000 },
    );
  });

  test('depends on every byte of the body, and on its length', () => {
    const changed = request
      .filter((one) => one.body.length > 0)
      .chain((one) => fc.tuple(fc.constant(one), fc.nat(one.body.length - 1), fc.integer({ min: 1, max: 255 })));
    fc.assert(
      fc.property(changed, ([one, index, flipped]) => {
        const other = one.body.with(index, (one.body[index] ?? 0) ^ flipped);
        const hashes = [
          one.body,
          other,
          one.body.subarray(1),
          one.body.subarray(0, -1),
          Buffer.concat([one.body, Buffer.from([0])]),
        ].map((bytes) => contentHash({ ...one, body: bytes }));
        expect(hashes.filter((hash) => hash === hashes[0])).toHaveLength(1);
      }),
      { numRuns: 1_000 },
    );
  });

  // The same characters, dealt out over names, values and body in two ways: a hash that joins them without saying where
  // each ends takes the two for one.
  test('sees where each header and the body begin', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', ']', '[', '\\', ':', '\n'),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(12)), fc.array(fc.nat(12)), (joined, some, others) => {
        const [one, other] = [deal(joined, some), deal(joined, others)];
        expect(contentHash(one) === contentHash(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 2_000 },
    );
  });

  test('does not take the text of a header list at the start of the body for headers', () => {
    const head = '["POST",[["a","1"]]]';
    const without = makeRequest({ body: Buffer.from(head) });
    const withHead = makeRequest({ headers: [['a', '1']] });
    expect(contentHash(without)).not.toBe(contentHash(withHead));
    expect(
      contentHash(
        makeRequest({
          headers: [
            ['a', '1'],
            ['b', '2'],
          ],
          body: Buffer.from('x'),
        }),
      ),
    ).not.toBe(contentHash(makeRequest({ headers: [['a', '1']], body: Buffer.from(',["b","2"]]]x') })));
  });

  test('is the same whether the body stands in the request or in the payload store', () => {
    fc.assert(
      fc.property(request, fc.string(), fc.nat(), (one, key, size) => {
        const payload = { key, sha256: hash('sha256', one.body), size, etag: '"x"' };
        expect(contentHash({ ...one, body: new Uint8Array(), payload })).toBe(contentHash(one));
      }),
    );
  });

  // Hashes are stored: with another format, every repeat of a stored message would be a conflict.
  test.each([
    {
      request: makeRequest({ method: 'GET' }),
      hash: 'X23ZP7NFdUI7IG1CI_Di4v97SgvR3icUVEcIDCLxcsM',
    },
    {
      request: makeRequest({
        headers: [
          ['X-A', '1'],
          ['Content-Type', 'application/json'],
        ],
        body: Buffer.from('{"total":12.5}'),
      }),
      hash: 'oKBa8kcJzCcMRI_IuyU_fydvxMtclCxZSFUTYNVRkEU',
    },
    {
      request: makeRequest({ method: 'PUT', headers: [['x-b', 'café "q"']], body: Uint8Array.of(0, 255) }),
      hash: 'X1QVUyciFF2B7guL_ZDsi-Pk8CXZZu1ukm0hEJrEzf8',
    },
  ])('of $request.method and its content is the one that is in use', ({ request: example, hash: expected }) => {
    expect(contentHash(example)).toBe(expected);
  });
});

/** Cuts a text at the given places: names and values of headers by turns, and what is left is the body. */
function deal(text: string, cuts: readonly number[]): DeliveryRequest {
  const places = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b);
  const pieces = places.map((place, index) => text.slice(places[index - 1] ?? 0, place));
  const paired = pieces.length - (pieces.length % 2);
  const dealt: [string, string][] = [];
  for (let index = 0; index < paired; index += 2) dealt.push([pieces[index] ?? '', pieces[index + 1] ?? '']);
  return makeRequest({ headers: dealt, body: Buffer.from(text.slice(places[paired - 1] ?? 0)) });
}

import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  createSigner,
  createSigningSecret,
  findSignatureFaults,
  formatSigningSecret,
  parseSigningSecret,
  SIGNATURE_HEADERS,
  type SigningSecret,
  signBody,
} from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { aSecretText, secretNumber } from './support/signing-samples.ts';

const RUNS = 200;
const NOW_SECONDS = START_TIME / 1_000;
const CONTEXT = { id: 'msg_1', timestamp: NOW_SECONDS };
const BODY = Buffer.from('{"total":12.5}');

const parsed = (text: string): SigningSecret => {
  const secret = parseSigningSecret(text);
  if (secret === undefined) throw new Error('not a secret');
  return secret;
};
const aSecret = aSecretText.map(parsed);
const aBody = fc.uint8Array({ maxLength: 300 });

/** Headers of a request as a sender with these secrets signs it. */
const headersOf = (secrets: readonly SigningSecret[], body: Uint8Array, timestamp: number = NOW_SECONDS) => ({
  [SIGNATURE_HEADERS.id]: CONTEXT.id,
  [SIGNATURE_HEADERS.timestamp]: String(timestamp),
  [SIGNATURE_HEADERS.signature]: signBody(secrets, { ...CONTEXT, timestamp }, body),
});

describe('a signing secret', () => {
  test('is whsec_ and the base64 of 32 bytes when it is generated', () => {
    const secret = createSigningSecret((count) => new Uint8Array(count).fill(255));
    expect(formatSigningSecret(secret)).toBe(`whsec_${Buffer.alloc(32, 255).toString('base64')}`);
  });

  test('of 24 to 64 bytes is read from its text, which is its only one', () => {
    fc.assert(
      fc.property(aSecretText, (text) => expect(formatSigningSecret(parsed(text))).toBe(text)),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['', 'nothing'],
    [Buffer.alloc(32).toString('base64'), 'without whsec_'],
    [`WHSEC_${Buffer.alloc(32).toString('base64')}`, 'with another prefix'],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, 'shorter than 24 bytes'],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, 'longer than 64 bytes'],
    [`whsec_${Buffer.alloc(32).toString('base64').replace('=', '')}`, 'without padding'],
    [`whsec_${Buffer.alloc(32, 255).toString('base64url')}=`, 'in the alphabet of URLs'],
    [`whsec_${Buffer.alloc(32).toString('base64')}\n`, 'with a line break'],
    [`whsec_${'A'.repeat(42)}B=`, 'with bits that mean nothing'],
  ])('%s is none: it is %s', (text) => {
    expect(parseSigningSecret(text)).toBeUndefined();
  });

  test('shows nothing of itself in logs, JSON and errors', () => {
    const secret = secretNumber(77);
    const shown = [inspect({ secret }, { showHidden: true, depth: 9 }), JSON.stringify({ secret }), `${secret}`].join();
    for (const encoding of ['base64', 'hex', 'latin1'] as const) {
      expect(shown).not.toContain(Buffer.alloc(9, 77).toString(encoding));
    }
  });
});

describe('a signature', () => {
  test('is the HMAC-SHA256 over id, timestamp and body, one for each secret in their order', () => {
    fc.assert(
      fc.property(fc.array(aSecretText, { minLength: 1, maxLength: 5 }), aBody, (texts, body) => {
        const signed = Buffer.concat([Buffer.from(`msg_1.${NOW_SECONDS}.`), body]);
        const hmacOf = (text: string) =>
          createHmac('sha256', Buffer.from(text.slice('whsec_'.length), 'base64'))
            .update(signed)
            .digest('base64');
        const expected = texts.map((text) => `v1,${hmacOf(text)}`).join(' ');
        expect(signBody(texts.map(parsed), CONTEXT, body)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test('is the one of the examples of the specification', () => {
    const secret = parsed('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const context = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: '1614265330' };
    expect(signBody([secret], context, Buffer.from('{"test": 2432232314}'))).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  test('is the same however the body is cut into parts', () => {
    fc.assert(
      fc.property(fc.array(aSecret, { minLength: 1, maxLength: 3 }), fc.array(aBody), (secrets, parts) => {
        const signer = createSigner(secrets, CONTEXT);
        for (const part of parts) signer.update(part);
        expect(signer.digest()).toBe(signBody(secrets, CONTEXT, Buffer.concat(parts)));
      }),
      { numRuns: RUNS },
    );
  });

  test('is not made without a secret', () => {
    expect(() => signBody([], CONTEXT, BODY)).toThrow(RangeError);
    expect(() => createSigner([], CONTEXT)).toThrow(RangeError);
  });
});

describe('a receiver', () => {
  const verify = (
    headers: Record<string, string | undefined>,
    secrets: readonly SigningSecret[],
    body: Uint8Array = BODY,
    now = START_TIME,
  ) => findSignatureFaults({ headers, body }, secrets, { now });

  test('takes any request that one of its secrets signed, whichever they are', () => {
    const pools = fc.uniqueArray(aSecretText, { minLength: 2, maxLength: 6 }).chain((texts) =>
      fc.record({
        signing: fc.subarray(texts, { minLength: 1 }),
        knowing: fc.subarray(texts, { minLength: 1 }),
      }),
    );
    fc.assert(
      fc.property(pools, aBody, ({ signing, knowing }, body) => {
        const faults = verify(headersOf(signing.map(parsed), body), knowing.map(parsed), body);
        const isKnown = signing.some((text) => knowing.includes(text));
        expect(faults).toEqual(isKnown ? [] : [{ kind: 'signature-wrong' }]);
      }),
      { numRuns: RUNS },
    );
  });

  test('refuses a request with anything changed in it, be it one bit', () => {
    const changes = fc.record({ where: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(aSecret, fc.uint8Array({ minLength: 1, maxLength: 300 }), changes, (secret, body, { where, bit }) => {
        const headers = headersOf([secret], body);
        const changed = Uint8Array.from(body);
        changed[where % body.length] = (body[where % body.length] ?? 0) ^ (1 << bit);
        const wrong = [{ kind: 'signature-wrong' }];
        expect(verify(headers, [secret], changed)).toEqual(wrong);
        expect(verify({ ...headers, 'webhook-id': 'msg_2' }, [secret], body)).toEqual(wrong);
        expect(verify({ ...headers, 'webhook-timestamp': String(NOW_SECONDS + 1) }, [secret], body)).toEqual(wrong);
        expect(verify(headers, [secret], body)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    [-300, []],
    [300, []],
    [-301, [{ kind: 'too-old', seconds: 301 }]],
    [301, [{ kind: 'too-new', seconds: 301 }]],
    [-86_400, [{ kind: 'too-old', seconds: 86_400 }]],
  ])('of a request from %d seconds from now finds %j', (offset, faults) => {
    const headers = headersOf([secretNumber(1)], BODY, NOW_SECONDS + offset);
    expect(verify(headers, [secretNumber(1)])).toEqual(faults);
    expect(verify(headers, [secretNumber(1)], BODY, START_TIME + 999)).toEqual(faults);
  });

  test('says of a request both that it is old and that its signature is wrong', () => {
    const headers = headersOf([secretNumber(1)], BODY, NOW_SECONDS - 400);
    expect(verify(headers, [secretNumber(2)])).toEqual([
      { kind: 'too-old', seconds: 400 },
      { kind: 'signature-wrong' },
    ]);
  });

  test('names every header that is missing or empty', () => {
    expect(verify({ 'webhook-id': '' }, [secretNumber(1)])).toEqual(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((header) => ({ kind: 'header-missing', header })),
    );
  });

  test.each(['now', '-1', '1.5', '1e9', ' 1', '1234567890123'])('cannot read the timestamp %j', (timestamp) => {
    const headers = { ...headersOf([secretNumber(1)], BODY), 'webhook-timestamp': timestamp };
    expect(verify(headers, [secretNumber(1)])).toContainEqual({ kind: 'timestamp-unreadable' });
  });

  test('ignores signatures of other versions, and wants one of its own', () => {
    const headers = headersOf([secretNumber(1)], BODY);
    const own = headers[SIGNATURE_HEADERS.signature] ?? '';
    const signed = (signature: string) => verify({ ...headers, 'webhook-signature': signature }, [secretNumber(1)]);
    expect(signed(`v1a,abc ${own} v2,xyz`)).toEqual([]);
    const unreadable = [{ kind: 'signature-unreadable' }];
    expect(signed(own.replace('v1,', 'v2,'))).toEqual(unreadable);
    expect(signed(own.replace('v1,', ''))).toEqual(unreadable);
    expect(signed('v1,')).toEqual(unreadable);
    expect(signed(own.slice(0, -8))).toEqual(unreadable);
  });

  test('takes nothing when it has no secret', () => {
    expect(verify(headersOf([secretNumber(1)], BODY), [])).toEqual([{ kind: 'signature-wrong' }]);
  });
});

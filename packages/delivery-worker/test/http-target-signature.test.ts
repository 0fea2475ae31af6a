/** What is really sent, held against the public library of Standard Webhooks. */

import { createHmac } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import {
  createSigningSecrets,
  findSignatureFaults,
  formatSigningSecret,
  METHODS,
  type SigningSecret,
  type SigningSecrets,
  webhookId,
} from '@millrace/core';
import { anEntry, createManualClock, createMemorySecretStore, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { prepareSend } from '../src/signed-send.ts';
import { type Received, startHttpServer } from './support/http-server.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const HOUR_MS = 3_600_000;
const RUNS = 100;

const opened = closeAfterEach();

async function setUp() {
  const server = opened(await startHttpServer());
  const target = opened(makeTarget());
  const clock = createManualClock();
  const signing = createSigningSecrets({ store: createMemorySecretStore(), clock });
  return {
    clock,
    signing,
    /** Makes an attempt, and gives what came of it over the wire. */
    async deliver(request: Pick<Parameters<typeof anEntry>[0] & object, 'method' | 'body' | 'headers'> = {}) {
      const entry = anEntry({ targetUrl: `${server.url}/hooks`, ...request });
      const send = await prepareSend(entry, { signing, target });
      expect(await send(LONG_MS, clock.now())).toMatchObject({ kind: 'response', statusCode: 200 });
      return { ...(server.received.at(-1) as Received), entry };
    },
  };
}

function headersOf({ rawHeaders }: Received): Record<string, string> {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return Object.fromEntries(names.map((name, index) => [name.toLowerCase(), rawHeaders[2 * index + 1] ?? '']));
}

/** As a receiver with this secret does it, at a time. @throws WebhookVerificationError */
function verify(received: Received, secret: string, now: number): void {
  const time = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    new Webhook(secret).verify(received.body, headersOf(received), { jsonParse: false });
  } finally {
    time.mockRestore();
  }
}

const textsOf = async (signing: SigningSecrets, senderId = 'billing'): Promise<readonly string[]> =>
  (await signing.secretsOf(senderId)).map(formatSigningSecret);

/** By the words of the specification, for bodies of any bytes: the library reads bodies as UTF-8. */
function signatureOf(secret: string, id: string, timestamp: number, body: Uint8Array): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

describe('a request that was really sent', () => {
  test(
    'is verified by the public library, whatever its method and text, and refused when a byte of it is another',
    async () => {
      const { clock, signing, deliver } = await setUp();
      const [secret = ''] = await textsOf(signing);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...METHODS), fc.string({ unit: 'binary' }), async (method, text) => {
          clock.advance(700);
          const received = await deliver({ method, body: text.toWellFormed() });
          verify(received, secret, clock.now());
          const changed = { ...received, body: Buffer.concat([received.body, Buffer.from('x')]) };
          expect(() => verify(changed, secret, clock.now())).toThrow(WebhookVerificationError);
        }),
        { numRuns: RUNS },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test(
    'is signed over its bytes as they are, also where they are no text',
    async () => {
      const { clock, signing, deliver } = await setUp();
      const secrets: readonly SigningSecret[] = await signing.secretsOf('billing');
      const [secret = ''] = await textsOf(signing);
      const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array([0xff, 0xfe, 0x00, 0xc3])));
      await fc.assert(
        fc.asyncProperty(bytes, async (body) => {
          const { entry, ...received } = await deliver({ body });
          const headers = headersOf(received);
          const timestamp = Math.floor(clock.now() / 1_000);
          expect(headers).toMatchObject({
            'webhook-id': webhookId(entry.identity),
            'webhook-timestamp': String(timestamp),
            'webhook-signature': signatureOf(secret, webhookId(entry.identity), timestamp, received.body),
          });
          expect(findSignatureFaults({ headers, body: received.body }, secrets, { now: clock.now() })).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test('is verified with either secret during a rotation, and with the new one only after it', async () => {
    const { clock, signing, deliver } = await setUp();
    const [old = ''] = await textsOf(signing);
    verify(await deliver(), old, clock.now());
    await signing.rotate('billing', 24 * HOUR_MS);
    const [fresh = '', ...others] = await textsOf(signing);
    expect(others).toEqual([old]);

    for (const waitMs of [0, 12 * HOUR_MS, 12 * HOUR_MS - 1]) {
      clock.advance(waitMs);
      const received = await deliver({ body: 'during' });
      verify(received, old, clock.now());
      verify(received, fresh, clock.now());
    }
    clock.advance(1);
    expect(clock.now()).toBe(START_TIME + 24 * HOUR_MS);
    const received = await deliver({ body: 'after' });
    verify(received, fresh, clock.now());
    expect(() => verify(received, old, clock.now())).toThrow(WebhookVerificationError);
  });

  test('is refused by the library when it comes again later: each attempt is signed anew', async () => {
    const { clock, signing, deliver } = await setUp();
    const [secret = ''] = await textsOf(signing);
    const received = await deliver();
    clock.advance(301_000);
    expect(() => verify(received, secret, clock.now())).toThrow('too old');
    verify(await deliver(), secret, clock.now());
  });

  test('is not verified with the secret of another sender', async () => {
    const { clock, signing, deliver } = await setUp();
    const [others = ''] = await textsOf(signing, 'shop');
    const received = await deliver();
    expect(() => verify(received, others, clock.now())).toThrow(WebhookVerificationError);
  });

  test('is never sent unsigned: without a secret there is no request', async () => {
    const server = opened(await startHttpServer());
    const target = opened(makeTarget());
    const signing = { secrets: [], timestamp: START_TIME / 1_000 };
    const outcome = await target.send(anEntry({ targetUrl: `${server.url}/` }), LONG_MS, signing);
    expect(outcome).toMatchObject({ kind: 'connection', detail: expect.stringContaining('no secret') });
    expect(server.received).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import {
  createSecretDocument,
  createSigningSecrets,
  formatSecretDocument,
  formatSigningSecret,
  type SecretDocument,
  SecretUnusableError,
  type SigningSecret,
  type SigningSecrets,
  StoreUnavailableError,
} from '@millrace/core';
import { createManualClock, createMemorySecretStore, type MemorySecretStore, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { secretNumber } from './support/signing-samples.ts';

const HOUR_MS = 3_600_000;
const NAME = 'signing-billing';

/** Secrets are numbered in the order in which they are made, over all processes. */
function setUp(options: { maxSenders?: number; store?: MemorySecretStore } = {}) {
  const { store = createMemorySecretStore(), ...rest } = options;
  const clock = createManualClock();
  let made = 0;
  const randomBytes = (count: number): Uint8Array => {
    made += 1;
    return new Uint8Array(count).fill(made);
  };
  const start = (): SigningSecrets => createSigningSecrets({ store, clock, randomBytes, ...rest });
  return { store, clock, start, secrets: start(), made: () => made };
}

const numbers = (secrets: readonly SigningSecret[]) => secrets.map((secret) => secret.export()[0]);
const numbersOf = (document: SecretDocument) => numbers(document.map(({ secret }) => secret));
const unavailable = () => new StoreUnavailableError('the disk is full');

describe('the secrets of a sender', () => {
  test('are made when they are asked for first, and are the same ever after', async () => {
    const { secrets, start, store } = setUp();
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
    expect(numbers(await start().secretsOf('billing'))).toEqual([1]);
    expect(store.texts.get(NAME)).toContain(formatSigningSecret(secretNumber(1)));
  });

  test('are others for every sender', async () => {
    const { secrets } = setUp();
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
    expect(numbers(await secrets.secretsOf('Billing'))).toEqual([2]);
  });

  test('are the same for all of any number of processes that ask first at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 3 }), async (processes, asks) => {
        const { start } = setUp();
        const all = Array.from({ length: processes }, start).flatMap((one) => Array.from({ length: asks }, () => one));
        const found = await Promise.all(all.map((one) => one.secretsOf('billing')));
        const [first] = found.map(numbers);
        for (const one of found) expect(numbers(one)).toEqual(first);
      }),
      { numRuns: 100 },
    );
  });

  test('are looked up once, however many ask at once', async () => {
    const { secrets, store } = setUp();
    await Promise.all(Array.from({ length: 50 }, () => secrets.secretsOf('billing')));
    expect(store.calls).toEqual([`get ${NAME}`, `create ${NAME}`]);
  });

  test('are read again when a minute is over, or the clock was set back', async () => {
    const { secrets, store, clock } = setUp();
    await secrets.secretsOf('billing');
    const readsAfter = async (ms: number): Promise<number> => {
      const before = store.calls.length;
      clock.advance(ms);
      await secrets.secretsOf('billing');
      return store.calls.length - before;
    };
    expect([await readsAfter(59_999), await readsAfter(1), await readsAfter(10), await readsAfter(-11)]).toEqual([
      0, 1, 0, 1,
    ]);
  });

  test('are kept of so many senders, and no more: the one that was looked up longest ago goes', async () => {
    const { secrets, store } = setUp({ maxSenders: 2 });
    for (const sender of ['a', 'b', 'c', 'b', 'c', 'a']) await secrets.secretsOf(sender);
    const reads = store.calls.filter((call) => call.startsWith('get'));
    expect(reads).toEqual(['get signing-a', 'get signing-b', 'get signing-c', 'get signing-a']);
  });
});

describe('rotating', () => {
  test('gives a new secret beside the old one, which ends with the overlap', async () => {
    const { secrets, clock } = setUp();
    await secrets.secretsOf('billing');
    const rotated = await secrets.rotate('billing', HOUR_MS);
    expect(rotated.map(({ until }) => until)).toEqual([null, START_TIME + HOUR_MS]);
    expect(numbersOf(rotated)).toEqual([2, 1]);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([2, 1]);
    clock.advance(HOUR_MS - 1);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([2, 1]);
    clock.advance(1);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([2]);
    expect(numbersOf(await secrets.show('billing'))).toEqual([2]);
  });

  test('of a sender that has none yet makes both', async () => {
    const { secrets } = setUp();
    expect(numbersOf(await secrets.rotate('billing', HOUR_MS))).toEqual([2, 1]);
  });

  test('is seen by other processes within a minute', async () => {
    const { secrets, start, clock } = setUp();
    const other = start();
    await other.secretsOf('billing');
    await secrets.rotate('billing', HOUR_MS);
    clock.advance(59_999);
    expect(numbers(await other.secretsOf('billing'))).toEqual([1]);
    expect(numbersOf(await other.show('billing'))).toEqual([2, 1]);
    clock.advance(1);
    expect(numbers(await other.secretsOf('billing'))).toEqual([2, 1]);
  });

  test('twice at once in a process gives two secrets, and loses none', async () => {
    const { secrets } = setUp();
    await secrets.secretsOf('billing');
    const both = await Promise.all([secrets.rotate('billing', HOUR_MS), secrets.rotate('billing', HOUR_MS)]);
    expect(both.map(numbersOf)).toEqual([
      [2, 1],
      [3, 2, 1],
    ]);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([3, 2, 1]);
  });

  test('while a look-up is under way is not undone by what that has read', async () => {
    const { secrets, clock } = setUp();
    await secrets.secretsOf('billing');
    clock.advance(60_000);
    const looking = secrets.secretsOf('billing');
    await secrets.rotate('billing', 0);
    await looking;
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([2]);
  });

  test('fails when another process put its own in the place of the new secret', async () => {
    const store = createMemorySecretStore();
    const others = formatSecretDocument(createSecretDocument(secretNumber(99), START_TIME));
    const { secrets } = setUp({
      store: { ...store, replace: (name) => store.replace(name, others) },
    });
    const rotating = secrets.rotate('billing', HOUR_MS);
    await expect(rotating).rejects.toThrow(StoreUnavailableError);
    await expect(rotating).rejects.toThrow(`the secret ${NAME} was rotated by another process`);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([99]);
  });

  test('fails when the store is unavailable, and what was in force stays so', async () => {
    const { secrets, store } = setUp();
    await secrets.secretsOf('billing');
    store.failWith(unavailable());
    await expect(secrets.rotate('billing', 0)).rejects.toThrow(StoreUnavailableError);
    await expect(secrets.show('billing')).rejects.toThrow(StoreUnavailableError);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
  });
});

describe('while the store is unavailable', () => {
  test('there is no secret that was never read, and each that asks tries again', async () => {
    const { secrets, store, made } = setUp();
    store.failWith(unavailable());
    await expect(secrets.secretsOf('billing')).rejects.toThrow(StoreUnavailableError);
    store.failWith(undefined);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
    expect(made()).toBe(1);
  });

  test('what was read goes on to be used for an hour, with a try every five seconds', async () => {
    const { secrets, store, clock } = setUp();
    await secrets.secretsOf('billing');
    store.failWith(unavailable());
    clock.advance(60_000);
    const before = store.calls.length;
    for (let tries = 0; tries < 10; tries += 1) {
      expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
      clock.advance(1_000);
    }
    expect(store.calls.length - before).toBe(2);
    clock.set(START_TIME + HOUR_MS - 1);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([1]);
    clock.set(START_TIME + HOUR_MS + 5_000);
    await expect(secrets.secretsOf('billing')).rejects.toThrow(StoreUnavailableError);
  });

  test('a secret that ends meanwhile ends', async () => {
    const { secrets, store, clock } = setUp();
    await secrets.rotate('billing', 10 * 60_000);
    store.failWith(unavailable());
    clock.advance(10 * 60_000);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([2]);
  });

  test('nothing else is taken for it: an error that a person must mend is thrown, though a secret is known', async () => {
    const { secrets, store, clock } = setUp();
    await secrets.secretsOf('billing');
    store.failWith(new SecretUnusableError(NAME, 'it is open to others'));
    clock.advance(60_000);
    await expect(secrets.secretsOf('billing')).rejects.toThrow(SecretUnusableError);
  });
});

describe('a document that cannot be used', () => {
  const text = `{"version":1,"secrets":[{"secret":"${formatSigningSecret(secretNumber(1))}x"}]}`;

  test('is named with what is wrong, is not replaced, and is no matter of other senders', async () => {
    const { secrets, store } = setUp();
    store.texts.set(NAME, text);
    for (const call of [secrets.secretsOf('billing'), secrets.show('billing'), secrets.rotate('billing', 0)]) {
      await expect(call).rejects.toThrow(SecretUnusableError);
      await expect(call).rejects.toThrow(
        `the secret ${NAME} cannot be used: $.secrets[0].secret is not whsec_ and the base64 of 24 to 64 bytes; `,
      );
      await expect(call).rejects.not.toThrow(/AQEB/);
    }
    expect(store.texts.get(NAME)).toBe(text);
    expect(numbers(await secrets.secretsOf('shop'))).toEqual([1]);
  });

  test('is looked at again every five seconds, and used once it is mended', async () => {
    const { secrets, store, clock } = setUp();
    store.texts.set(NAME, text);
    await expect(secrets.secretsOf('billing')).rejects.toThrow(SecretUnusableError);
    store.texts.set(NAME, formatSecretDocument(createSecretDocument(secretNumber(5), START_TIME)));
    clock.advance(4_999);
    await expect(secrets.secretsOf('billing')).rejects.toThrow(SecretUnusableError);
    expect(store.calls).toHaveLength(1);
    clock.advance(1);
    expect(numbers(await secrets.secretsOf('billing'))).toEqual([5]);
  });
});

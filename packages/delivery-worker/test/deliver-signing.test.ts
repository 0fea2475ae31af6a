import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  createSigningSecrets,
  formatSigningSecret,
  type Message,
  SecretUnusableError,
  type SigningSecret,
  StoreUnavailableError,
} from '@millrace/core';
import { aMessage, anEntry, createMemorySecretStore, START_TIME } from '@millrace/core/testing';
import { deliver } from '../src/deliver.ts';
import { won } from './support/claims.ts';
import { entryNamed } from './support/entries.ts';
import { closeAfterEach } from './support/resources.ts';
import { makeScripted } from './support/scripted.ts';
import { secretNumber } from './support/signing.ts';
import { openSqliteWorld } from './support/sqlite-world.ts';

const opened = closeAfterEach();

const UNUSABLE = new SecretUnusableError('signing-billing', 'it is open to others: chmod 600 it');

describe('an attempt', () => {
  test('is signed with the secrets of its sender, at the second of the attempt', async () => {
    const asked: string[] = [];
    const secrets = [secretNumber(2), secretNumber(1)];
    const scripted = makeScripted({
      secretsOf: (senderId) => {
        asked.push(senderId);
        return Promise.resolve(secrets);
      },
      claim: () => {
        scripted.clock.advance(1_999);
        return won();
      },
    });
    await deliver([anEntry({ senderId: 'shop' })], scripted.deps);
    expect(asked).toEqual(['shop']);
    expect(scripted.signings).toEqual([{ secrets, timestamp: START_TIME / 1_000 + 1 }]);
    expect(scripted.signings[0]?.secrets.map(formatSigningSecret)).toEqual(secrets.map(formatSigningSecret));
  });

  test.each([
    ['the store of secrets is unavailable', new StoreUnavailableError('the disk is full')],
    ['a look-up fails in any other way', new Error('no such permission')],
  ])('is not made while %s: nothing is claimed, and the entry is left', async (_what, error) => {
    const { deps, events, errors } = makeScripted({ secretsOf: () => Promise.reject(error) });
    expect(await deliver([entryNamed('m')], deps)).toEqual(['leave']);
    expect(events).toEqual([]);
    expect(errors).toEqual([error]);
  });

  test('is not made with a secret that cannot be used: the message is a dead letter that names it', async () => {
    const entry = entryNamed('m');
    const { deps, settlements, deadlines, errors } = makeScripted({ secretsOf: () => Promise.reject(UNUSABLE) });
    expect(await deliver([entry], deps)).toEqual(['acknowledge']);
    expect(deadlines).toEqual([]);
    expect(errors).toEqual([]);
    expect(settlements).toEqual([
      {
        entry,
        token: 'token-1',
        result: { kind: 'failure', reason: 'blocked', requested: false },
        error: {
          statusCode: null,
          message: 'blocked: the secret signing-billing cannot be used: it is open to others: chmod 600 it',
        },
      },
    ]);
  });

  test('that would have come too late is expired all the same, whatever its secret is', async () => {
    const { deps, settlements } = makeScripted({ secretsOf: () => Promise.reject(UNUSABLE) });
    await deliver([anEntry({ expiresAt: START_TIME })], deps);
    expect(settlements).toMatchObject([{ result: { reason: 'expired' } }]);
  });

  test('of one sender is no matter of the others', async () => {
    const entries = [anEntry({ senderId: 'a' }), anEntry({ senderId: 'b' }), anEntry({ senderId: 'c' })];
    const answers: Record<string, Promise<readonly SigningSecret[]>> = {
      a: Promise.reject(UNUSABLE),
      b: Promise.reject(new StoreUnavailableError('later')),
      c: Promise.resolve([secretNumber(1)]),
    };
    const { deps, signings, settlements } = makeScripted({
      secretsOf: (senderId) => answers[senderId] ?? Promise.reject(new Error(senderId)),
    });
    expect(await deliver(entries, deps)).toEqual(['acknowledge', 'leave', 'acknowledge']);
    expect(signings).toHaveLength(1);
    expect(settlements.map(({ entry, result }) => [entry.identity.senderId, result.kind]).sort()).toEqual([
      ['a', 'failure'],
      ['c', 'success'],
    ]);
  });
});

describe('with the SQLite store', () => {
  async function openWorld() {
    const world = opened(await openSqliteWorld());
    const secretStore = createMemorySecretStore();
    const signing = createSigningSecrets({ store: secretStore, clock: world.clock });
    const errors: unknown[] = [];
    Object.assign(world.deps, { signing, onError: (error: unknown) => errors.push(error) });
    const accept = async (senderId: string): Promise<Message> => {
      const message = aMessage({ senderId });
      await world.store.accept([message]);
      return message;
    };
    return { ...world, secretStore, signing, errors, accept };
  }

  test('a store of secrets that is unavailable uses up no attempt, and is waited for', async () => {
    const world = await openWorld();
    const message = await world.accept('billing');
    world.secretStore.failWith(new StoreUnavailableError('the disk is full'));
    for (let tries = 0; tries < 5; tries += 1) expect(await world.deliverDue()).toEqual(['leave']);
    expect(await world.view(message)).toMatchObject({ status: 'QUEUED', attempts: 0 });
    world.secretStore.failWith(undefined);
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(await world.view(message)).toMatchObject({ status: 'SUCCESS', attempts: 1 });
  });

  test('a corrupt secret makes dead letters of the messages of its sender alone, which a replay sends once it is mended', async () => {
    const world = await openWorld();
    world.secretStore.texts.set('signing-billing', '{"version":1,"secrets":[{"secret":"whsec_topsecret"}]}');
    const [dead, alive] = [await world.accept('billing'), await world.accept('shop')];
    expect(await world.deliverDue()).toEqual(['acknowledge', 'acknowledge']);
    expect(await world.view(alive)).toMatchObject({ status: 'SUCCESS' });
    const view = await world.view(dead);
    expect(view).toMatchObject({ status: 'FAILED', reason: 'blocked' });
    expect(view.lastError?.message).toContain('the secret signing-billing cannot be used: $.secrets[0].secret is not');
    expect(view.lastError?.message).not.toContain('topsecret');

    world.secretStore.texts.delete('signing-billing');
    world.clock.advance(5_000);
    expect(await world.store.replay(dead.identity)).toEqual({ found: 1, replayed: 1 });
    expect(await world.deliverDue()).toEqual(['acknowledge']);
    expect(await world.view(dead)).toMatchObject({ status: 'SUCCESS' });
  });

  test('nothing that is reported, thrown or stored for people holds a secret', async () => {
    const world = await openWorld();
    const reports: unknown[] = [];
    Object.assign(world.deps, { onAttempt: (report: unknown) => reports.push(report) });
    world.answerWith([
      { kind: 'response', statusCode: 404, excerpt: '' },
      { kind: 'timeout', detail: 'late' },
    ]);
    const messages = [await world.accept('billing'), await world.accept('shop')];
    await world.deliverDue();
    const views = await Promise.all(messages.map(world.view));
    const shown = inspect({ reports, views, errors: world.errors, requests: world.requests }, { depth: 9 });
    expect(reports).toHaveLength(2);
    for (const sender of ['billing', 'shop']) {
      for (const secret of await world.signing.secretsOf(sender)) {
        const text = formatSigningSecret(secret);
        expect(shown).not.toContain(text.slice('whsec_'.length));
        expect(JSON.stringify([reports, views])).not.toContain(text);
      }
    }
  });
});

/** Targets that fail, are held or are gone, with the whole system on the adapters of AWS. */

import { describe, expect, test } from '@jest/globals';
import { MINUTE_MS, useAwsSystem } from './support/use-aws-system.ts';

const system = useAwsSystem();
const { aBody, post, statusOf, passTime, deadLetters, clock } = system;

describe('a target on AWS', () => {
  const sendTen = () => {
    const messages = Array.from({ length: 10 }, (_, index) => aBody(`x${index}`, { retry: { maxAttempts: 1 } }));
    return post('/messages', { messages });
  };

  test('that fails is left alone: its messages wait in the queue, and go when it is probed', async () => {
    system.answerWith(Array.from({ length: 10 }, () => 503));
    await sendTen();
    await system.work.settle();
    const origin = new URL(system.receiver.url).origin;
    const page = await (await system.api.request('/targets?senderId=billing')).json();
    expect(page).toMatchObject({ targets: [{ target: origin, circuit: { state: 'open', failures: 10 } }] });

    await post('/message', aBody('m1'));
    await system.work.settle();
    expect(system.receiver.receptions).toHaveLength(10);
    expect(await statusOf('m1')).toEqual({ status: 'QUEUED', reason: null, attempts: 0 });
    await passTime();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(system.errors).toEqual([]);
  });

  test('that is held by hand gets nothing until it is released', async () => {
    const key = { senderId: 'billing', target: system.receiver.url };
    expect(await post('/targets/hold', key)).toMatchObject({ status: 200, json: { hold: { kind: 'manual' } } });
    await post('/message', aBody('m1'));
    for (let quarter = 0; quarter < 5; quarter++) {
      await system.work.settle();
      clock.advance(15 * MINUTE_MS);
    }
    expect(system.receiver.receptions).toEqual([]);
    expect(await post('/targets/release', key)).toMatchObject({ status: 200 });
    await system.work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
  });

  test('that is gone makes dead letters, told as held, which are delivered by a replay after its release', async () => {
    system.answerWith([410]);
    await post('/message', aBody('m1'));
    await system.work.settle();
    await post('/message', aBody('m2'));
    await system.work.settle();
    expect(await statusOf('m1')).toEqual({ status: 'FAILED', reason: 'gone', attempts: 1 });
    expect(await statusOf('m2')).toEqual({ status: 'FAILED', reason: 'held', attempts: 0 });
    expect(deadLetters().map(({ reason }) => reason)).toEqual(['gone', 'held']);
    const key = { senderId: 'billing', target: `${system.receiver.url}/hooks` };
    expect(await post('/targets/release', key)).toMatchObject({ status: 200 });
    clock.advance(MINUTE_MS);
    expect(await post('/replays', { reason: 'held' })).toMatchObject({ json: { replayed: 1 } });
    await system.work.settle();
    expect(await statusOf('m2')).toEqual({ status: 'SUCCESS', reason: null, attempts: 1 });
    expect(await system.store.accounting.run()).toMatchObject({
      accepted: 2,
      succeeded: 1,
      failed: 1,
      waiting: 0,
      missing: 0,
    });
  });
});

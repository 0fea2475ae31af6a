import { expect, test } from '@jest/globals';
import { type AttemptOutcome, laneOf } from '@millrace/core';
import { aMessage } from '@millrace/core/testing';
import { deliver } from '../src/deliver.ts';
import { createDeliveryLimits } from '../src/delivery-limits.ts';
import { startDeliveryLoop } from '../src/delivery-loop.ts';
import { closeAfterEach } from './support/resources.ts';
import { openSqliteWorld } from './support/sqlite-world.ts';

const opened = closeAfterEach();

const CONCURRENCY = 16;
const HUNG = 'https://hung.example';
const QUICK = Array.from({ length: 9 }, (_, index) => `https://quick-${index}.example`);
const messagesTo = (origin: string, count: number) =>
  Array.from({ length: count }, () => aMessage({ senderId: origin.slice(8), targetUrl: `${origin}/hooks` }));

/** Turns of the event loop until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (isSo()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it does not come to be so');
}

test('a target that never answers, with a backlog of its own, holds up none of what goes to nine others', async () => {
  const world = opened(await openSqliteWorld());
  const limits = createDeliveryLimits(CONCURRENCY);
  const started: string[] = [];
  const answerHung: ((outcome: AttemptOutcome) => void)[] = [];
  const target = {
    ...world.deps.target,
    send(entry: Parameters<typeof world.deps.target.send>[0]): Promise<AttemptOutcome> {
      const { origin } = laneOf(entry.identity);
      started.push(origin);
      if (origin === HUNG) return new Promise((resolve) => answerHung.push(resolve));
      return Promise.resolve({ kind: 'response', statusCode: 200 });
    },
  };
  const deps = { ...world.deps, target, onAttempt: limits.learn };
  const loop = startDeliveryLoop({
    queue: world.store,
    deliver: (entries) => deliver(entries, deps),
    clock: world.clock,
    limits,
    onError: world.deps.onError,
  });
  const startedTo = (origin: string): number => started.filter((one) => one === origin).length;
  const quickStarted = (): number => started.length - startedTo(HUNG);

  await world.store.accept(messagesTo(HUNG, 300));
  await until(() => startedTo(HUNG) === CONCURRENCY);

  await world.store.accept(QUICK.flatMap((origin) => messagesTo(origin, 40)));
  await until(() => quickStarted() === 360);
  // One by one, as they come, though the backlog of the hung one is older.
  for (let count = 1; count <= 20; count++) {
    await world.store.accept(QUICK.flatMap((origin) => messagesTo(origin, 1)));
    await until(() => quickStarted() === 360 + 9 * count);
  }
  expect(startedTo(HUNG)).toBe(CONCURRENCY);
  await until(() => loop.inFlight() === CONCURRENCY);

  // It asks for less: half as many from now on.
  for (const answer of answerHung.splice(0)) answer({ kind: 'response', statusCode: 503, retryAfterMs: 3_600_000 });
  await until(() => startedTo(HUNG) === CONCURRENCY + CONCURRENCY / 2);
  await until(() => loop.inFlight() === CONCURRENCY / 2);
  const stopped = loop.stop(60_000);
  for (const answer of answerHung.splice(0)) answer({ kind: 'response', statusCode: 200 });
  expect(await stopped).toBe(0);
});

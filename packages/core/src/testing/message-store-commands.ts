/** What can happen to a store, as commands that fast-check puts into any order. */

import { expect } from '@jest/globals';
import fc from 'fast-check';
import { type ModelResult, modelAccept, modelEndLeases, modelReplay } from './message-store-model.ts';
import { DAY_MS, LEASE_MS } from './message-store-steps.ts';
import {
  addCopy,
  claimAny,
  claimHolding,
  isClaimed,
  isUnclaimed,
  pick,
  receiveEntries,
  replace,
  settleHolding,
} from './message-store-workers.ts';
import {
  dropHand,
  expectAgreement,
  handOf,
  MESSAGE_KEYS,
  type MessageKey,
  messageOf,
  SENDER,
  type World,
} from './message-store-world.ts';

type Step = (world: World) => Promise<void>;

/** fast-check passes the model and the real thing apart; here the world holds both. */
interface Command extends fc.AsyncCommand<object, World> {
  readonly apply: Step;
}

function command(text: string, apply: Step): Command {
  return {
    apply,
    check: () => true,
    run: async (_, world) => {
      await apply(world);
      await expectAgreement(world);
    },
    toString: () => text,
  };
}

function accept(batch: readonly (readonly [MessageKey, string])[]): Command {
  return command(`accept(${batch.join(' ')})`, async ({ h, model, succeeded }) => {
    const messages = batch.map(([key, content]) => messageOf(key, content));
    const results = await h.store.accept(messages);
    const expected = batch.map(([key, content], index) => {
      const { maxAttempts } = messages[index]?.plan ?? { maxAttempts: 0 };
      const kind = modelAccept(model, key, { content, maxAttempts }, h.clock.now());
      if (kind === 'accepted') succeeded.delete(key);
      return kind === 'duplicate' ? { kind, status: model.messages.get(key)?.status } : { kind };
    });
    expect(results).toEqual(expected);
  });
}

function receive(worker: number, limit: number): Command {
  return command(`receive(${worker}, ${limit})`, (world) => receiveEntries(world, handOf(world, worker), limit));
}

/** A queue may hand an entry out again, and the entry of the next round before the settle that announces it. */
function receiveCopy(worker: number, index: number, ahead: 0 | 1): Command {
  return command(`receive a copy(${worker}, ${index}, +${ahead})`, (world) =>
    addCopy(world, handOf(world, worker), index, ahead),
  );
}

function claim(worker: number, index: number): Command {
  return command(`claim(${worker}, ${index})`, (world) => claimAny(world, handOf(world, worker), index));
}

/** A worker is slow: its lease ends, and the other one claims its message by a copy of the entry. */
function overtake(worker: number, index: number): Command {
  return command(`overtake(${worker}, ${index})`, async (world) => {
    const { h } = world;
    const slow = pick(handOf(world, worker), index, isClaimed);
    if (slow === undefined) return;
    h.clock.advance(LEASE_MS);
    await h.copy([slow.entry]);
    const copy = { entry: { ...slow.entry }, claim: undefined };
    const other = handOf(world, worker + 1);
    other.push(copy);
    await claimHolding(world, other, copy);
  });
}

function settle(worker: number, index: number, wanted: ModelResult['kind'], delay: number): Command {
  return command(`settle(${worker}, ${index}, ${wanted}, ${delay})`, async (world) => {
    const hand = handOf(world, worker);
    if (!hand.some(isClaimed)) await claimAny(world, hand, index);
    const holding = pick(hand, index, isClaimed);
    if (holding !== undefined) await settleHolding(world, hand, holding, wanted, delay);
  });
}

function handBack(worker: number, index: number, delay: number): Command {
  return command(`handBack(${worker}, ${index}, ${delay})`, async (world) => {
    const { h } = world;
    const hand = handOf(world, worker);
    if (!hand.some(isUnclaimed)) await receiveEntries(world, hand, 1);
    const holding = pick(hand, index, isUnclaimed);
    if (holding === undefined) return;
    await h.store.handBack([{ entry: holding.entry, until: h.clock.now() + delay }]);
    await h.acknowledge([holding.entry]);
    replace(hand, holding);
  });
}

function crashWorker(worker: number): Command {
  return command(`crash of worker ${worker}`, (world) => dropHand(world, handOf(world, worker)));
}

function crashProcess(): Command {
  return command('crash of the process', async ({ h, hands, model, claims }) => {
    for (const hand of hands) hand.splice(0);
    claims.clear();
    await h.restart();
    modelEndLeases(model, h.clock.now());
  });
}

function moveClock(ms: number): Command {
  return command(`clock ${ms < 0 ? '' : '+'}${ms}`, ({ h }) => {
    h.clock.advance(ms);
    return Promise.resolve();
  });
}

/** Long enough for messages to be forgotten; no worker and no queue keeps an entry that long. */
function passDays(days: number): Command {
  return command(`${days} days pass`, async (world) => {
    const { traits } = world.h;
    const isWaiting = [...world.model.messages.values()].some(({ due }) => due !== null);
    if (isWaiting && !traits.entriesLast) return;
    for (const hand of world.hands) await dropHand(world, hand);
    world.seen.splice(0);
    world.h.clock.advance(days * DAY_MS);
  });
}

function replay(key: MessageKey): Command {
  return command(`replay(${key})`, async ({ h, model }) => {
    const message = model.messages.get(key);
    const replayed = message !== undefined && modelReplay(model, message, h.clock.now());
    const expected = { found: message === undefined ? 0 : 1, replayed: replayed ? 1 : 0 };
    expect(await h.store.replay({ messageId: key, senderId: SENDER })).toEqual(expected);
  });
}

function replayAll(): Command {
  return command('replay every FAILED message', async ({ h, model }) => {
    const failed = [...model.messages.values()].filter((message) => message.status === 'FAILED');
    for (const message of failed) modelReplay(model, message, h.clock.now());
    const page = await h.store.replayMany({ limit: MESSAGE_KEYS.length, dryRun: false });
    expect(page).toMatchObject({ replayed: failed.length, remaining: 0 });
  });
}

export interface SequenceOptions {
  readonly maxCommands: number;
  /** At least two. */
  readonly workers: number;
}

/** Any sequence of what can happen. */
export function commandSequences({ maxCommands, workers }: SequenceOptions): fc.Arbitrary<Iterable<Command>> {
  const worker = fc.nat(workers - 1);
  const index = fc.nat(1);
  const key = fc.constantFrom(...MESSAGE_KEYS);
  const content = fc.constantFrom('a', 'a', 'a', 'b');
  const delay = fc.constantFrom(0, 0, 1_000, LEASE_MS, 10 * LEASE_MS);
  const result = fc.constantFrom<ModelResult['kind']>('success', 'success', 'retry', 'retry', 'retry', 'failure');
  const leap = fc.constantFrom(
    LEASE_MS,
    LEASE_MS,
    LEASE_MS,
    LEASE_MS - 1,
    1,
    1_000,
    10 * LEASE_MS,
    -1,
    -LEASE_MS,
    -DAY_MS,
  );
  const kinds: readonly (readonly [weight: number, fc.Arbitrary<Command>])[] = [
    [8, fc.tuple(worker, index).map((args) => claim(...args))],
    [6, fc.tuple(worker, index, result, delay).map((args) => settle(...args))],
    [5, fc.tuple(worker, index).map((args) => overtake(...args))],
    [3, leap.map(moveClock)],
    [3, fc.tuple(worker, index, fc.constantFrom<0 | 1>(0, 0, 1)).map((args) => receiveCopy(...args))],
    [2, key.map(replay)],
    [1, fc.tuple(worker, fc.integer({ min: 1, max: 3 })).map((args) => receive(...args))],
    [1, fc.array(fc.tuple(key, content), { minLength: 1, maxLength: 3 }).map(accept)],
    [1, fc.tuple(worker, index, delay).map((args) => handBack(...args))],
    [1, worker.map(crashWorker)],
    [1, fc.constantFrom(8, 31).map(passDays)],
    [1, fc.constant(undefined).map(crashProcess)],
    [1, fc.constant(undefined).map(replayAll)],
  ];
  const any = fc.oneof(...kinds.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc.commands<object, World>([any], { maxCommands, size: 'max' }) as fc.Arbitrary<Iterable<Command>>;
}

/** What every sequence begins with. */
export async function acceptAll(world: World): Promise<void> {
  await accept(MESSAGE_KEYS.map((key) => [key, 'a'])).apply(world);
}

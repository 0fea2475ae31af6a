/** What the workers of the model do with a store, each step checked against the model. */

import { expect } from '@jest/globals';
import type { Result } from '../domain/lifecycle.ts';
import { uniqueId } from './factories.ts';
import { type ModelResult, modelClaim, modelSettle } from './message-store-model.ts';
import { ANSWER_500, failure, LEASE_MS, only } from './message-store-steps.ts';
import {
  dropHand,
  expectAgreement,
  type Hand,
  type Holding,
  handOf,
  modelOf,
  nameOf,
  type World,
} from './message-store-world.ts';

/** The `index`th holding of a worker that fits, counted around; undefined when none does. */
export function pick(hand: Hand, index: number, fits: (holding: Holding) => boolean): Holding | undefined {
  const fitting = hand.filter(fits);
  return fitting[index % fitting.length];
}

/** Takes a holding out of the hand; what it has become takes its place. */
export function replace(hand: Hand, holding: Holding, ...replacement: Holding[]): void {
  hand.splice(hand.indexOf(holding), 1, ...replacement);
}

/** The worker gets what is due, and nothing else. */
export async function receiveEntries(world: World, hand: Hand, limit: number): Promise<void> {
  const { h, seen, copied } = world;
  const entries = await h.receive(limit);
  expect(entries.length).toBeLessThanOrEqual(limit);
  for (const entry of entries) {
    const message = modelOf(world, entry);
    expect(entry.notBefore).toBeLessThanOrEqual(h.clock.now());
    expect(entry.round).toBeLessThanOrEqual(Math.max(message.round + 1, message.earlierRound));
    const isWaiting = entry.round === message.round && message.status !== 'PROCESSING';
    const mayBeCopy = copied.has(nameOf(entry)) || entry.round <= message.earlierRound;
    if (isWaiting && !mayBeCopy) {
      expect(message.due ?? 0).toBeLessThanOrEqual(h.clock.now());
    }
    hand.push({ entry, claim: undefined });
    seen.push(entry);
  }
}

/** The worker gets an entry again that was handed out before, or that of the round after it. */
export async function addCopy(world: World, hand: Hand, index: number, ahead: 0 | 1): Promise<void> {
  const { h, seen, copied } = world;
  const entry = seen.at(-1 - (index % seen.length));
  if (entry === undefined) return;
  const copy = { ...entry, round: Math.min(entry.round + ahead, modelOf(world, entry).round + 1) };
  // What a worker has came from a queue, and is there until it is acknowledged.
  await h.copy([copy]);
  copied.add(nameOf(copy));
  hand.push({ entry: copy, claim: undefined });
}

/** Claims, and does with the entry what the answer asks for. */
export async function claimHolding(world: World, hand: Hand, holding: Holding): Promise<void> {
  const { h, claims } = world;
  const { entry } = holding;
  const key = entry.identity.messageId;
  const now = h.clock.now();
  const token = uniqueId('token');
  const result = only(await h.store.claim([{ entry, token, leaseMs: LEASE_MS }]));
  expect(result).toEqual(modelClaim(modelOf(world, entry), entry.round, { token, now, leaseMs: LEASE_MS }));
  if (result.kind === 'won') {
    // Never two live claims on one message.
    expect(claims.get(key)?.leaseUntil ?? now).toBeLessThanOrEqual(now);
    claims.set(key, { token, leaseUntil: result.leaseUntil });
    replace(hand, holding, { entry, claim: { token, attempt: result.attempt } });
    return;
  }
  if (result.kind === 'busy') await h.store.handBack([{ entry, until: result.until }]);
  await h.acknowledge([entry]);
  replace(hand, holding);
}

export const isClaimed = ({ claim }: Holding): boolean => claim !== undefined;
export const isUnclaimed = ({ claim }: Holding): boolean => claim === undefined;

/** Claims an entry in the worker's hand; else one that is due; else a copy of an earlier one. */
export async function claimAny(world: World, hand: Hand, index: number): Promise<void> {
  if (!hand.some(isUnclaimed)) await receiveEntries(world, hand, 1);
  if (!hand.some(isUnclaimed)) await addCopy(world, hand, index, 0);
  const holding = pick(hand, index, isUnclaimed);
  if (holding !== undefined) await claimHolding(world, hand, holding);
}

/** What a worker may say: past the plan it makes no request, and at its end it asks for no retry. */
function fitToPlan(wanted: ModelResult['kind'], attempt: number, maxAttempts: number, due: number): ModelResult {
  if (attempt > maxAttempts) return { kind: 'failure', requested: false };
  if (wanted === 'success') return { kind: 'success' };
  return wanted === 'retry' && attempt < maxAttempts ? { kind: 'retry', due } : { kind: 'failure', requested: true };
}

function portResult(result: ModelResult): Result {
  if (result.kind !== 'failure') return result;
  return result.requested ? failure() : { kind: 'failure', reason: 'interrupted', requested: false };
}

/** Settles a claimed entry, as far as its plan allows what is wanted. @param delay milliseconds until a retry is due */
export async function settleHolding(
  world: World,
  hand: Hand,
  holding: Holding,
  wanted: ModelResult['kind'],
  delay: number,
): Promise<void> {
  const { h, model, claims, copied } = world;
  const { entry, claim } = holding;
  if (claim === undefined) return;
  const { token, attempt } = claim;
  const now = h.clock.now();
  const result = fitToPlan(wanted, attempt, entry.maxAttempts, now + delay);
  const error = result.kind === 'success' ? null : ANSWER_500;
  const answer = only(await h.store.settle([{ entry, token, result: portResult(result), error }]));
  expect(answer).toBe(modelSettle(model, modelOf(world, entry), { round: entry.round, token }, result, now));
  if (answer === 'settled') claims.delete(entry.identity.messageId);
  // A store may have sent the entry of the next round, due as this worker says, before it found that it does not count.
  else if (result.kind === 'retry') copied.add(nameOf({ ...entry, round: entry.round + 1 }));
  if (answer === 'leave') await h.leave([entry]);
  else await h.acknowledge([entry]);
  replace(hand, holding);
}

/** Lets a single healthy worker go on until every message has ended. @throws when one does not */
export async function drain(world: World): Promise<void> {
  const { h, model, hands, seen } = world;
  for (const hand of hands) await dropHand(world, hand);
  const isWaiting = () => [...model.messages.values()].some(({ due }) => due !== null);
  for (let turn = 0; isWaiting(); turn++) {
    if (turn === 10) throw new Error('messages are left that nobody is given');
    // Where the clock was set back, entries wait until it has caught up.
    const times = [
      ...[...model.messages.values()].map(({ due }) => due ?? 0),
      ...seen.map(({ notBefore }) => notBefore),
    ];
    const latest = Math.max(...times);
    h.clock.set(Math.max(h.clock.now(), latest) + 10 * LEASE_MS);
    const hand = handOf(world, 0);
    for (const entry of await h.receive(50)) hand.push({ entry, claim: undefined });
    for (const holding of [...hand]) await claimHolding(world, hand, holding);
    for (const holding of [...hand]) await settleHolding(world, hand, holding, 'success', 0);
    await expectAgreement(world);
  }
}

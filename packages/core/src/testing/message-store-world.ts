/** A store and its model side by side, with two workers between them; and what must hold after every step. */

import { expect } from '@jest/globals';
import type { Status } from '../domain/lifecycle.ts';
import type { Message } from '../domain/message.ts';
import type { Entry } from '../ports/message-store.ts';
import { aMessage } from './factories.ts';
import type { MessageStoreHarness } from './message-store-harness.ts';
import { createModel, type MessageStoreModel, type ModelMessage, modelCounts } from './message-store-model.ts';

/** An entry in the hand of a worker. */
export interface Holding {
  readonly entry: Entry;
  /** Of the claim that was won; undefined before. */
  readonly claim: { readonly token: string; readonly attempt: number } | undefined;
}

export type Hand = Holding[];

export interface World {
  readonly h: MessageStoreHarness;
  readonly model: MessageStoreModel;
  /** Of each worker. */
  readonly hands: readonly Hand[];
  /** Every entry that was handed out: its copies may come at any time. */
  readonly seen: Entry[];
  /** Entries (`nameOf`) that a test made copies of, ahead of their time perhaps. */
  readonly copied: Set<string>;
  /** By message: the claim that the store gave out last and that has not ended. */
  readonly claims: Map<string, { readonly token: string; readonly leaseUntil: number }>;
  /** Messages that the store has called SUCCESS. */
  readonly succeeded: Set<string>;
}

export function createWorld(h: MessageStoreHarness, workers: number): World {
  return {
    h,
    model: createModel(),
    hands: Array.from({ length: workers }, () => []),
    seen: [],
    copied: new Set(),
    claims: new Map(),
    succeeded: new Set(),
  };
}

/** @param worker from 0, counted around */
export function handOf({ hands }: World, worker: number): Hand {
  const hand = hands[worker % hands.length];
  if (hand === undefined) throw new Error('a world without workers');
  return hand;
}

/** The few messages that there are, and the attempts of their plans. */
const PLANS = { short: 2, long: 5 };
export const SENDER = 'billing';
export type MessageKey = keyof typeof PLANS;
export const MESSAGE_KEYS: readonly MessageKey[] = ['short', 'long'];

export function messageOf(key: MessageKey, content: string): Message {
  return aMessage({ messageId: key, senderId: SENDER, body: content, maxAttempts: PLANS[key] });
}

export function nameOf({ identity, round }: Entry): string {
  return `${identity.messageId} of round ${round}`;
}

export function modelOf({ model }: World, { identity }: Entry): ModelMessage {
  const message = model.messages.get(identity.messageId);
  if (message === undefined) throw new Error(`${identity.messageId} was handed out and never accepted`);
  return message;
}

/** What was claimed is forgotten, what was not comes again: a worker that dies. */
export async function dropHand({ h }: World, hand: Hand): Promise<void> {
  const dropped = hand.splice(0);
  await h.leave(dropped.filter(({ claim }) => claim === undefined).map(({ entry }) => entry));
}

/** The store says of every message what the model says; its books add up; SUCCESS has stayed. */
export async function expectAgreement({ h, model, succeeded }: World): Promise<void> {
  const keys = [...model.messages.keys()];
  const [counts, ...views] = await Promise.all([
    h.store.counts(),
    ...keys.map((messageId) => h.store.get({ messageId, senderId: SENDER })),
  ]);
  const statuses = new Map<string, Status | undefined>();
  for (const [index, key] of keys.entries()) {
    const message = model.messages.get(key);
    const seen = views[index]?.[0];
    statuses.set(key, seen?.status);
    expect({ key, ...seen }).toMatchObject({
      key,
      status: message?.status,
      attempts: message?.attempts,
      totalAttempts: (message?.attempts ?? 0) + (message?.pastAttempts ?? 0),
      maxAttempts: message?.maxAttempts,
      replays: message?.replays,
      nextAttemptAt: message?.due,
    });
    expect(seen?.attempts).toBeLessThanOrEqual((seen?.maxAttempts ?? 0) + 1);
  }
  for (const key of succeeded) expect([key, statuses.get(key)]).toEqual([key, 'SUCCESS']);
  for (const [key, status] of statuses) if (status === 'SUCCESS') succeeded.add(key);
  expect(counts).toEqual(modelCounts(model, h.traits.countsForgotten));
  expect(counts.accepted).toBe(counts.succeeded + counts.failed + counts.waiting);
}

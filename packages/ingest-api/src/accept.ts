/**
 * Accepts messages: each exactly once, whatever the client repeats, and each with an outcome of its own.
 */

import { type AcceptResult, type Message, type MessageStore, type Status, StoreUnavailableError } from '@millrace/core';
import type { MessageReading } from './message-reader.ts';
import type { Problem } from './problems.ts';

export type AcceptOutcome =
  /** Stored durably, and will be delivered. */
  | { readonly kind: 'accepted'; readonly message: Message }
  /** Was accepted before, and stands where the status says. */
  | { readonly kind: 'duplicate'; readonly message: Message; readonly status: Status }
  /** Another content was accepted under the same identity. */
  | { readonly kind: 'conflict'; readonly message: Message }
  /** Not known to be stored; repeating the request is safe. */
  | { readonly kind: 'unavailable'; readonly message: Message }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  /** The caller may not act for its sender. */
  | { readonly kind: 'forbidden'; readonly problems: readonly Problem[] };

type AcceptStore = Pick<MessageStore, 'accept' | 'get'>;

/** The outcome of one reading. */
export async function acceptOne(store: AcceptStore, reading: MessageReading): Promise<AcceptOutcome> {
  const [outcome] = await accept(store, [reading]);
  if (outcome === undefined) throw new Error('a reading without an outcome');
  return outcome;
}

/** An outcome for each reading, in order. The valid messages reach the store in one batch. */
export async function accept(
  store: AcceptStore,
  readings: readonly MessageReading[],
): Promise<readonly AcceptOutcome[]> {
  try {
    const settled = readings.map((reading) => (reading.kind === 'late' ? settleLate(store, reading) : reading));
    return await acceptSettled(store, await Promise.all(settled));
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return readings.map((reading) =>
      'message' in reading ? { kind: 'unavailable', message: reading.message } : reading,
    );
  }
}

type LateReading = Extract<MessageReading, { kind: 'late' }>;
type SettledReading = Exclude<MessageReading, LateReading>;

/** A message that expired since it was accepted is valid as a repeat, and only as one. */
async function settleLate(store: AcceptStore, { message, problems }: LateReading): Promise<SettledReading> {
  const stored = await store.get(message.identity);
  return stored.length > 0 ? { kind: 'message', message } : { kind: 'invalid', problems };
}

async function acceptSettled(
  store: AcceptStore,
  readings: readonly SettledReading[],
): Promise<readonly AcceptOutcome[]> {
  const messages = readings.flatMap((reading) => (reading.kind === 'message' ? [reading.message] : []));
  const results = messages.length === 0 ? [] : await store.accept(messages);
  const next = results.values();
  return readings.map((reading) =>
    reading.kind === 'message' ? toOutcome(reading.message, next.next().value) : reading,
  );
}

function toOutcome(message: Message, result: AcceptResult | undefined): AcceptOutcome {
  if (result === undefined) throw new Error('the store answered for fewer messages than it was given');
  return { ...result, message };
}

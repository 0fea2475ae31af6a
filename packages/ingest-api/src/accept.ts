/**
 * Accepts messages: each exactly once, whatever the client repeats, and each with an outcome of its own.
 */

import {
  type AcceptResult,
  LIMITS,
  type Message,
  type MessageStore,
  type PayloadName,
  type PayloadRef,
  type PayloadStore,
  payloadPath,
  type Status,
  StoreUnavailableError,
} from '@millrace/core';
import type { MessageReading } from './message-reader.ts';
import { PAYLOAD_EXPECTED } from './message-schema.ts';
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

export interface AcceptDeps {
  readonly store: Pick<MessageStore, 'accept' | 'get'>;
  readonly payloads: Pick<PayloadStore, 'hold' | 'put'>;
}

/** The outcome of one reading. */
export async function acceptOne(deps: AcceptDeps, reading: MessageReading): Promise<AcceptOutcome> {
  const [outcome] = await accept(deps, [reading]);
  if (outcome === undefined) throw new Error('a reading without an outcome');
  return outcome;
}

/** An outcome for each reading, in order. The valid messages reach the store in one batch, after their large bodies. */
export async function accept(deps: AcceptDeps, readings: readonly MessageReading[]): Promise<readonly AcceptOutcome[]> {
  try {
    const settled = await Promise.all(readings.map((reading) => settleReading(deps, reading)));
    return await acceptSettled(deps.store, settled);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return readings.map((reading) =>
      'message' in reading ? { kind: 'unavailable', message: reading.message } : reading,
    );
  }
}

/** A message whose body is where it belongs, or an outcome. */
type SettledReading = { readonly kind: 'message'; readonly message: Message } | AcceptOutcome;

async function settleReading(deps: AcceptDeps, reading: MessageReading): Promise<SettledReading> {
  if (reading.kind === 'invalid' || reading.kind === 'forbidden') return reading;
  // Expired since it was accepted: valid as a repeat, and only as one.
  const isLate = reading.kind === 'late' && !(await isStored(deps, reading.message));
  if (isLate) return { kind: 'invalid', problems: reading.problems };
  try {
    return await settleBody(deps, reading);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return { kind: 'unavailable', message: reading.message };
  }
}

async function isStored({ store }: Pick<AcceptDeps, 'store'>, { identity }: Message): Promise<boolean> {
  return (await store.get(identity)).length > 0;
}

async function settleBody(
  deps: AcceptDeps,
  { message, payload }: Extract<MessageReading, { readonly message: Message }>,
): Promise<SettledReading> {
  const { senderId } = message.identity;
  const { body } = message.request;
  if (payload === undefined) {
    if (body.length <= LIMITS.inlineBodyBytes) return { kind: 'message', message };
    return withPayload(message, await deps.payloads.put(senderId, body));
  }
  const { sha256, path } = payload;
  const held = await deps.payloads.hold({ senderId, sha256 });
  if (held !== undefined) return withPayload(message, held);
  // Delivered long ago, and its payload gone since: a repeat still. What its content is, the id tells.
  if (await isStored(deps, message)) return withPayload(message, goneSince({ senderId, sha256 }));
  const problem = { path, message: `is no payload of ${senderId}, or not uploaded yet`, expected: PAYLOAD_EXPECTED };
  return { kind: 'invalid', problems: [problem] };
}

/** Names what is not there any more: who opened it would find it missing. */
function goneSince(name: PayloadName): PayloadRef {
  return { key: payloadPath(name), sha256: name.sha256, size: 0, etag: '"gone"' };
}

function withPayload(message: Message, payload: PayloadRef): SettledReading {
  const request = { ...message.request, body: new Uint8Array(), payload };
  return { kind: 'message', message: { ...message, request } };
}

async function acceptSettled(
  store: AcceptDeps['store'],
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

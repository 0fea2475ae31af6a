/** Messages that differ in all that operators can ask for, and what a query must find among them. */

import fc from 'fast-check';
import { type Result, STATUSES, type Status } from '../domain/lifecycle.ts';
import type { Message } from '../domain/message.ts';
import type { Reason } from '../domain/outcome.ts';
import type { MessageFilter } from '../ports/message-store.ts';
import { aMessage, uniqueId } from './factories.ts';
import { START_TIME } from './manual-clock.ts';
import type { MessageStoreHarness } from './message-store-harness.ts';
import { ANSWER_500, failure, LEASE_MS, retry, SUCCESS } from './message-store-steps.ts';

const ORIGIN = 'https://partner.example/';
const TARGETS = [
  ORIGIN,
  `${ORIGIN}hooks`,
  `${ORIGIN}hooks?a=1`,
  'https://partner.example.evil/',
  'http://partner.example/',
];
const SENDERS = ['billing', 'billing2'];
const REASONS: readonly Reason[] = ['rejected', 'gone'];

/** A message and how far it has come. */
export interface Sample {
  readonly senderId: string;
  readonly targetUrl: string;
  readonly end: Exclude<Status, 'FAILED'> | Reason;
  /** Milliseconds that pass before the next message is accepted. */
  readonly pause: number;
}

/** A sample that a store has now. */
export interface Placed {
  readonly messageId: string;
  readonly sample: Sample;
  readonly acceptedAt: number;
}

export type Query = MessageFilter & { readonly status?: Status };

function samplesOf(ends: readonly Sample['end'][]): fc.Arbitrary<Sample[]> {
  const sample = fc.record({
    senderId: fc.constantFrom(...SENDERS),
    targetUrl: fc.constantFrom(...TARGETS),
    end: fc.constantFrom(...ends),
    pause: fc.constantFrom(0, 0, 1, 2),
  });
  return fc.array(sample, { maxLength: 7 });
}

export const samples = samplesOf(['QUEUED', 'PROCESSING', 'RETRYING', 'SUCCESS', ...REASONS]);
/** Mostly FAILED. */
export const deadLetters = samplesOf(['QUEUED', 'SUCCESS', ...REASONS, ...REASONS, ...REASONS]);

const instant = fc.integer({ min: START_TIME, max: START_TIME + 8 });
const senderId = fc.constantFrom(...SENDERS);
const target = fc.constantFrom(...TARGETS);
const reason = fc.constantFrom(...REASONS);

/** Mostly of few parts, so that there is something to find. */
export const filters: fc.Arbitrary<MessageFilter> = fc.oneof(
  fc.constant({}),
  fc.record({ senderId }),
  fc.record({ target }),
  fc.record({ reason }),
  fc.record({ from: instant }),
  fc.record({ to: instant }),
  fc.record({ senderId, target, reason, from: instant, to: instant }, { requiredKeys: [] }),
  fc.constant({ senderId: 'nobody' }),
);

export const queries: fc.Arbitrary<Query> = fc
  .tuple(filters, fc.option(fc.constantFrom(...STATUSES), { freq: 1 }))
  .map(([filter, status]) => (status === null ? filter : { ...filter, status }));

export const pageSizes = fc.integer({ min: 1, max: 5 });

export function aSample(end: Sample['end'], pause = 1): Sample {
  return { senderId: 'billing', targetUrl: ORIGIN, end, pause };
}

/** Brings a message of each sample into the store, named m0, m1, … in the order of their acceptance. */
export async function place(h: MessageStoreHarness, list: readonly Sample[]): Promise<Placed[]> {
  const placed: Placed[] = [];
  let batch: Message[] = [];
  for (const [index, sample] of list.entries()) {
    const messageId = `m${index}`;
    batch.push(aMessage({ messageId, senderId: sample.senderId, targetUrl: sample.targetUrl }));
    placed.push({ messageId, sample, acceptedAt: h.clock.now() });
    if (sample.pause === 0 && index < list.length - 1) continue;
    await h.store.accept(batch);
    batch = [];
    h.clock.advance(sample.pause);
  }
  await bringAbout(h, new Map(placed.map(({ messageId, sample }) => [messageId, sample.end])));
  return placed;
}

async function bringAbout(h: MessageStoreHarness, ends: ReadonlyMap<string, Sample['end']>): Promise<void> {
  const attempts = (await h.receive(ends.size)).flatMap((entry) => {
    const end = ends.get(entry.identity.messageId);
    return end === undefined || end === 'QUEUED' ? [] : [{ entry, token: uniqueId('token'), result: resultOf(end) }];
  });
  await h.store.claim(attempts.map(({ entry, token }) => ({ entry, token, leaseMs: LEASE_MS })));
  await h.store.settle(
    attempts.flatMap(({ entry, token, result }) =>
      result === undefined ? [] : [{ entry, token, result, error: result.kind === 'success' ? null : ANSWER_500 }],
    ),
  );
}

function resultOf(end: Sample['end']): Result | undefined {
  switch (end) {
    case 'QUEUED':
    case 'PROCESSING':
      return undefined;
    case 'RETRYING':
      return retry(START_TIME + 3_600_000);
    case 'SUCCESS':
      return SUCCESS;
    default:
      return failure(end);
  }
}

function isStatus(end: Sample['end']): end is Exclude<Status, 'FAILED'> {
  return STATUSES.some((status) => status === end);
}

/** Must a query find this message? */
export function isMatch({ sample: { senderId, targetUrl, end }, acceptedAt }: Placed, query: Query): boolean {
  const { status, target, reason, from = acceptedAt, to = Number.POSITIVE_INFINITY } = query;
  return (
    (status === undefined || status === (isStatus(end) ? end : 'FAILED')) &&
    (query.senderId === undefined || query.senderId === senderId) &&
    (target === undefined || target === targetUrl || target === `${new URL(targetUrl).origin}/`) &&
    (reason === undefined || reason === end) &&
    from <= acceptedAt &&
    acceptedAt < to
  );
}

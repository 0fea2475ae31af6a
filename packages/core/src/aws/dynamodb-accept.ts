/**
 * Accepting: the row first, then the entry into the queue, then the answer. A crash in between leaves a row without an
 * entry and a client without an answer; its repeat finds the row and sends the entry.
 *
 * ```
 * insert row ──▶ send entry ──▶ accepted
 *    └─ already there: other content ──▶ conflict
 *                      never claimed  ──▶ send entry again ──▶ duplicate
 *                      else           ──▶ duplicate
 * ```
 */

import pMap from 'p-map';
import { type Identity, identityKey } from '../domain/identity.ts';
import type { Status } from '../domain/lifecycle.ts';
import { contentHash, type Message } from '../domain/message.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { AcceptResult, Entry } from '../ports/message-store.ts';
import { type AwsStoreParts, WRITES_AT_ONCE } from './aws-store-parts.ts';
import { type MessageRow, newRow } from './message-row.ts';

/** A message that is sent again because a repeat of it came is not sent again for this long. */
const RESEND_MS = 60_000;

/** What the table says of a message, and the entry that must be sent before that may be told. */
interface Written {
  readonly result: AcceptResult;
  readonly entry?: Entry;
  readonly isNew?: boolean;
}

interface Incoming {
  readonly message: Message;
  readonly hash: string;
  readonly index: number;
}

const UNAVAILABLE: Written = { result: { kind: 'unavailable' } };

export function createAccept(parts: AwsStoreParts) {
  const { table, queues, counter, clock, newToken } = parts;

  async function write({ message, hash }: Incoming, now: number): Promise<Written> {
    const row = newRow(message, hash, now, newToken());
    const written = await table.insert(row, now);
    const existing = written.done ? row : written.existing;
    // Gone between the failed condition and the look at it: the client's repeat will find it gone.
    if (existing === undefined) return UNAVAILABLE;
    const isNew = existing.writeToken === row.writeToken;
    if (isNew) return { result: { kind: 'accepted' }, entry: toEntry(message, row), isNew };
    if (existing.contentHash !== hash) return { result: { kind: 'conflict' } };
    const result: AcceptResult = { kind: 'duplicate', status: existing.status };
    const wasSentJustNow = existing.resentAt !== null && existing.resentAt > now - RESEND_MS;
    const isSentAgain = existing.status === 'QUEUED' && !wasSentJustNow;
    return isSentAgain ? { result, entry: toEntry(message, existing) } : { result };
  }

  async function writeOrGiveUp(incoming: Incoming, now: number): Promise<Written> {
    try {
      return await write(incoming, now);
    } catch (error) {
      if (error instanceof StoreUnavailableError) return UNAVAILABLE;
      throw error;
    }
  }

  /** Messages of one identity, in order. As soon as one shows what is stored, the others need no look at the table. */
  async function writeSame(same: readonly Incoming[], now: number): Promise<readonly Written[]> {
    const written: Written[] = [];
    let stored: { readonly hash: string; readonly status: Status } | undefined;
    for (const incoming of same) {
      if (stored !== undefined) {
        const isSame = stored.hash === incoming.hash;
        written.push({ result: isSame ? { kind: 'duplicate', status: stored.status } : { kind: 'conflict' } });
        continue;
      }
      const { result, ...rest } = await writeOrGiveUp(incoming, now);
      written.push({ result, ...rest });
      if (result.kind === 'accepted') stored = { hash: incoming.hash, status: 'QUEUED' };
      if (result.kind === 'duplicate') stored = { hash: incoming.hash, status: result.status };
    }
    return written;
  }

  /** So that repeats that come faster than the message can be claimed do not fill the queue. Losing it is harmless. */
  async function markResent(entries: readonly Entry[], now: number): Promise<void> {
    const condition = { expression: '#status = :status', names: ['status'], values: { status: 'QUEUED' } };
    const mark = ({ identity }: Entry) => table.update(identity, { set: { resentAt: now } }, condition);
    await pMap(entries, (entry) => mark(entry).catch(() => undefined), { concurrency: WRITES_AT_ONCE });
  }

  return async function accept(messages: readonly Message[]): Promise<readonly AcceptResult[]> {
    const now = clock.now();
    const incoming = messages.map((message, index) => ({ message, hash: contentHash(message.request), index }));
    const groups = [...Map.groupBy(incoming, ({ message }) => keyText(message.identity)).values()];
    const written = await pMap(groups, (same) => writeSame(same, now), { concurrency: WRITES_AT_ONCE });

    const sending = written.flatMap((same, group) =>
      same.flatMap(({ entry, isNew = false }) => (entry === undefined ? [] : [{ entry, isNew, group }])),
    );
    const entries = sending.map(({ entry }) => entry);
    const [faults] = await Promise.all([
      queues.sendWork(entries, now),
      counter.add(sending.filter(({ isNew }) => isNew).length, now),
    ]);
    const defect = faults.find((fault) => fault !== undefined && !(fault instanceof StoreUnavailableError));
    if (defect !== undefined) throw defect;

    const unsent = new Set(sending.flatMap(({ group }, index) => (faults[index] === undefined ? [] : [group])));
    const resent = sending.filter(({ isNew, group }) => !isNew && !unsent.has(group));
    await markResent(
      resent.map(({ entry }) => entry),
      now,
    );
    const results: AcceptResult[] = [];
    for (const [group, same] of groups.entries()) {
      for (const [position, { index }] of same.entries()) {
        const result = written[group]?.[position]?.result ?? UNAVAILABLE.result;
        // What says that the message is stored is not true before its entry is sent.
        results[index] = unsent.has(group) && result.kind !== 'conflict' ? UNAVAILABLE.result : result;
      }
    }
    return results;
  };
}

function keyText(identity: Identity): string {
  const { pk, sk } = identityKey(identity);
  return `${pk}\n${sk}`;
}

/** The entry of a message as its row says that it stands. */
function toEntry({ plan: _, ...message }: Message, row: MessageRow): Entry {
  const { round, due, maxAttempts, expiresAt, acceptedAt } = row;
  return { v: 1, ...message, round, notBefore: due ?? acceptedAt, maxAttempts, expiresAt };
}

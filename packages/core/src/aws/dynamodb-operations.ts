/** What operators ask for: looking messages up, listing dead letters, replaying them. */

import pMap from 'p-map';
import type { Identity } from '../domain/identity.ts';
import { decideReplay } from '../domain/lifecycle.ts';
import { UnsupportedQueryError } from '../errors.ts';
import type {
  Entry,
  ListQuery,
  MessageFilter,
  MessageName,
  MessagePage,
  MessageView,
  ReplayOneResult,
  ReplayPage,
  ReplayQuery,
} from '../ports/message-store.ts';
import { type AwsStoreParts, contended, LOOKS, WRITES_AT_ONCE } from './aws-store-parts.ts';
import {
  FAILED_SHARDS,
  formatCursor,
  matchesFilter,
  mergeSlices,
  parseCursor,
  START,
  timePrefix,
} from './failed-index.ts';
import { toView } from './message-item.ts';
import { AFTER_PLAN_MS, type MessageRow } from './message-row.ts';

/** Rows of a shard that one page looks at, at least: filters may leave few of them. */
const SLICE = 100;

export function createOperations(parts: AwsStoreParts) {
  const { table, queues, objects, payloads, clock, newToken } = parts;

  /** Newest first. */
  async function find(name: MessageName): Promise<readonly MessageRow[]> {
    const { senderId } = name;
    if (senderId === undefined) throw new UnsupportedQueryError('senderId', 'given: messages are kept by sender');
    const rows = await table.find({ ...name, senderId });
    return rows.toSorted((a, b) => b.acceptedAt - a.acceptedAt);
  }

  /** FAILED messages that match, newest first, and the sort key that the next page lies below. */
  async function failedPage(filter: MessageFilter, limit: number, before: string | undefined) {
    const newest = filter.to === undefined ? START : timePrefix(filter.to);
    const below = before === undefined || newest < before ? newest : before;
    const { from = 0 } = filter;
    if (below <= timePrefix(from)) return { rows: [], before: null };
    const range = { from, before: below, limit: Math.max(limit, SLICE) };
    const slices = await Promise.all(FAILED_SHARDS.map((shard) => table.failedSlice(shard, range)));
    return mergeSlices(slices, matchesFilter(filter), limit);
  }

  async function countFailed(filter: MessageFilter, from: string | undefined): Promise<number> {
    let count = 0;
    for (let before = from, isFirst = true; isFirst || before !== undefined; isFirst = false) {
      const page = await failedPage(filter, 10 * SLICE, before);
      count += page.rows.length;
      before = page.before ?? undefined;
    }
    return count;
  }

  /** The entry of a dead letter. Its payload begins its days anew; one that is gone is for the worker to find missing. */
  async function getFailed(identity: Identity): Promise<Entry> {
    const entry = await objects.getFailed(identity);
    const { payload } = entry.request;
    if (payload === undefined) return entry;
    const held = await payloads.hold({ senderId: identity.senderId, sha256: payload.sha256 });
    return { ...entry, request: { ...entry.request, payload: held ?? payload } };
  }

  /** True when the message goes through a fresh plan; false when it is not FAILED. */
  async function replayRow(seen: MessageRow): Promise<boolean> {
    const now = clock.now();
    const writeToken = newToken();
    let row: MessageRow | undefined = seen;
    for (let look = 0; look < LOOKS; look++) {
      if (row === undefined) return false;
      const decision = decideReplay(row, now);
      if (decision.kind === 'not-failed') return row.writeToken === writeToken;
      if (decision.kind === 'again') {
        await sendAgain(row);
        return true;
      }
      const expiresAt = now + row.lifetime;
      const next: MessageRow = {
        ...row,
        ...decision.state,
        pastAttempts: row.pastAttempts + row.attempts,
        expiresAt,
        removeAt: expiresAt + AFTER_PLAN_MS,
        resentAt: null,
        updatedAt: now,
        writeToken,
      };
      // Before the row says that it waits: without its entry it could not be sent.
      const entry = await getFailed(row.identity);
      const written = await table.replace(next, row.writeToken);
      if (written.done) {
        await sendOrPutBack(next, row, { ...entry, round: next.round, notBefore: now, expiresAt });
        return true;
      }
      row = written.existing;
    }
    throw contended(seen.identity);
  }

  async function sendAgain(row: MessageRow): Promise<void> {
    const entry = await getFailed(row.identity);
    const { round, expiresAt } = row;
    await queues.sendAllWork([{ ...entry, round, notBefore: row.due ?? 0, expiresAt }], clock.now());
  }

  /** A row that waits without an entry would wait until somebody replays it by name. */
  async function sendOrPutBack(next: MessageRow, before: MessageRow, entry: Entry): Promise<void> {
    try {
      await queues.sendAllWork([entry], clock.now());
    } catch (fault) {
      // Under the later round: whatever did get into the queue is of an earlier one then.
      await table
        .replace({ ...before, round: next.round, writeToken: newToken() }, next.writeToken)
        .catch(() => undefined);
      throw fault;
    }
  }

  const replayAll = async (rows: readonly MessageRow[]): Promise<number> => {
    const replayed = await pMap(rows, replayRow, { concurrency: WRITES_AT_ONCE });
    return replayed.filter(Boolean).length;
  };

  return {
    get: async (name: MessageName): Promise<readonly MessageView[]> => (await find(name)).map(toView),

    async list({ status, limit, cursor, ...filter }: ListQuery): Promise<MessagePage> {
      if (status !== 'FAILED')
        throw new UnsupportedQueryError('status', 'FAILED: only dead letters can be listed here');
      const page = await failedPage(filter, limit, parseCursor(cursor));
      return { messages: page.rows.map(toView), cursor: formatCursor(page.before) };
    },

    async replay(name: MessageName): Promise<ReplayOneResult> {
      const rows = await find(name);
      return { found: rows.length, replayed: await replayAll(rows) };
    },

    async replayMany({ limit, dryRun, cursor, ...filter }: ReplayQuery): Promise<ReplayPage> {
      let before = parseCursor(cursor);
      let replayed = 0;
      while (!dryRun && replayed < limit) {
        const page = await failedPage(filter, limit - replayed, before);
        replayed += await replayAll(page.rows);
        if (page.before === null) return { replayed, remaining: 0, cursor: null };
        before = page.before;
      }
      const remaining = await countFailed(filter, before);
      return { replayed, remaining, cursor: remaining === 0 ? null : formatCursor(before ?? START) };
    },
  };
}

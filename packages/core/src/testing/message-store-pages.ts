/** Whatever is stored and whatever is asked for: pages and replays miss nothing and repeat nothing. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MessageStore, MessageView } from '../ports/message-store.ts';
import type { MessageStoreHarness, OpenHarness } from './message-store-harness.ts';
import {
  deadLetters,
  filters,
  isMatch,
  type Placed,
  pageSizes,
  place,
  type Query,
  queries,
  samples,
} from './message-store-samples.ts';
import { withHarness } from './use-harness.ts';

const RUNS = { numRuns: 100 };
const TIMEOUT_MS = 60_000;
/** More than the few messages of a run can fill. */
const MAX_PAGES = 50;

/** Calls with the cursor of the call before, until there is none. */
async function followCursor<T extends { readonly cursor: string | null }>(
  call: (position: { cursor?: string }) => Promise<T>,
): Promise<T[]> {
  const pages = [await call({})];
  for (let cursor = pages[0]?.cursor ?? null; cursor !== null; ) {
    const page = await call({ cursor });
    pages.push(page);
    if (pages.length > MAX_PAGES) throw new Error('the pages do not end');
    cursor = page.cursor;
  }
  return pages;
}

async function listAll(store: MessageStore, query: Query, limit: number): Promise<MessageView[]> {
  const pages = await followCursor((position) => store.list({ ...query, ...position, limit }));
  for (const { messages } of pages) expect(messages.length).toBeLessThanOrEqual(limit);
  return pages.flatMap(({ messages }) => messages);
}

async function viewAll(store: MessageStore, placed: readonly Placed[]): Promise<MessageView[]> {
  const views = await Promise.all(
    placed.map(({ messageId, sample: { senderId } }) => store.get({ messageId, senderId })),
  );
  return views.flat();
}

/** What is asked for where not every status can be. */
function onlyListable({ traits }: MessageStoreHarness): Query {
  return traits.listsEveryStatus ? {} : { status: 'FAILED' };
}

function idsOf(messages: readonly MessageView[]): string[] {
  return messages.map(({ identity }) => identity.messageId).sort();
}

function idsOfMatches(placed: readonly Placed[], query: Query): string[] {
  const matches = placed.filter((item) => isMatch(item, query));
  return matches.map(({ messageId }) => messageId).sort();
}

export function describePages(open: OpenHarness): void {
  describe('whatever is stored and asked for', () => {
    test(
      'list pages hold every message that matches exactly once, newest first, for any page size',
      () =>
        fc.assert(
          fc.asyncProperty(samples, queries, pageSizes, (list, query, limit) =>
            withHarness(open, async (h) => {
              const placed = await place(h, list);
              const found = await listAll(h.store, { ...query, ...onlyListable(h) }, limit);
              expect(idsOf(found)).toEqual(idsOfMatches(placed, { ...query, ...onlyListable(h) }));
              const times = found.map(({ acceptedAt }) => acceptedAt);
              expect(times).toEqual(times.toSorted((a, b) => b - a));
            }),
          ),
          RUNS,
        ),
      TIMEOUT_MS,
    );

    test(
      'replayMany calls that follow the cursor replay every FAILED message that matches exactly once, and say how many remain',
      () =>
        fc.assert(
          fc.asyncProperty(deadLetters, filters, pageSizes, (list, filter, limit) =>
            withHarness(open, async (h) => {
              const placed = await place(h, list);
              const due = idsOfMatches(placed, { ...filter, status: 'FAILED' });
              let remaining = due.length;
              await followCursor(async (position) => {
                const page = await h.store.replayMany({ ...filter, ...position, limit, dryRun: false });
                expect(page.replayed).toBe(Math.min(limit, remaining));
                remaining -= page.replayed;
                expect(page.remaining).toBe(remaining);
                expect(page.cursor === null).toBe(remaining === 0);
                return page;
              });
              expect(remaining).toBe(0);
              const replayed = (await viewAll(h.store, placed)).filter(({ replays }) => replays > 0);
              expect(idsOf(replayed)).toEqual(due);
              for (const message of replayed) expect(message).toMatchObject({ status: 'QUEUED', replays: 1 });
            }),
          ),
          RUNS,
        ),
      TIMEOUT_MS,
    );

    test(
      'a dry run of replayMany counts what matches, and changes nothing',
      () =>
        fc.assert(
          fc.asyncProperty(deadLetters, filters, pageSizes, (list, filter, limit) =>
            withHarness(open, async (h) => {
              const placed = await place(h, list);
              const before = await viewAll(h.store, placed);
              const page = await h.store.replayMany({ ...filter, limit, dryRun: true });
              const due = idsOfMatches(placed, { ...filter, status: 'FAILED' });
              expect(page).toMatchObject({ replayed: 0, remaining: due.length });
              expect(await viewAll(h.store, placed)).toEqual(before);
            }),
          ),
          RUNS,
        ),
      TIMEOUT_MS,
    );
  });
}

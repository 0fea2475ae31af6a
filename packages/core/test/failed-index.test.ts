import { describe, expect, test } from '@jest/globals';
import { InvalidCursorError } from '@millrace/core';
import { aMessage, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import {
  FAILED_SHARDS,
  failedIndexKey,
  failedSort,
  formatCursor,
  mergeSlices,
  parseCursor,
} from '../src/aws/failed-index.ts';
import type { MessageRow } from '../src/aws/message-row.ts';
import { contentHash } from '../src/domain/message.ts';

function aRow(messageId: string, acceptedAt: number): MessageRow {
  const { identity, request, plan } = aMessage({ messageId });
  return {
    ...{ identity, ...plan, acceptedAt, updatedAt: acceptedAt, contentHash: contentHash(request) },
    ...{ status: 'FAILED', round: 0, attempts: 1, token: null, due: null, reason: 'gone', replays: 0 },
    ...{ writeToken: 't', pastAttempts: 0, lifetime: 1, resentAt: null, error: null, removeAt: acceptedAt },
  };
}

const rows = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 5 })), {
    selector: ([name]) => name,
    maxLength: 30,
  })
  .map((list) => list.map(([name, time]) => aRow(`m${name}`, START_TIME + time)));

/** What the table answers for one shard: at most `limit` of its rows below `before`, and where it stopped. */
function sliceOf(all: readonly MessageRow[], shard: string, before: string | undefined, limit: number) {
  const inShard = all
    .filter(
      (row) => failedIndexKey(row)['failedShard']?.S === shard && (before === undefined || failedSort(row) < before),
    )
    .toSorted((a, b) => (failedSort(a) < failedSort(b) ? 1 : -1));
  const slice = inShard.slice(0, limit);
  const last = slice.at(-1);
  return { rows: slice, end: last === undefined || inShard.length <= limit ? null : failedSort(last) };
}

describe('pages of dead letters over all shards', () => {
  test('hold every row that matches once, newest first, whatever the rows and the sizes of slices and pages', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(rows, size, size, fc.constantFrom(0, 1, 2), (all, sliceSize, pageSize, wanted) => {
        const matches = ({ acceptedAt }: MessageRow): boolean => wanted === 0 || acceptedAt % 2 === wanted - 1;
        const found: MessageRow[] = [];
        for (let before: string | undefined, pages = 0; pages <= 100; pages++) {
          const slices = FAILED_SHARDS.map((shard) => sliceOf(all, shard, before, sliceSize));
          const page = mergeSlices(slices, matches, pageSize);
          expect(page.rows.length).toBeLessThanOrEqual(pageSize);
          found.push(...page.rows);
          if (page.before === null) break;
          before = page.before;
        }
        const expected = all.filter(matches).map(failedSort).sort().reverse();
        expect(found.map(failedSort)).toEqual(expected);
      }),
    );
  });

  test('spread over the shards', () => {
    const shards = Array.from({ length: 200 }, (_, index) => failedIndexKey(aRow(`m${index}`, 0))['failedShard']?.S);
    expect(new Set(shards)).toEqual(new Set(FAILED_SHARDS));
  });
});

describe('a cursor', () => {
  test('is read as what it was written from, for any row', () => {
    const ids = fc.stringMatching(/^[!-~]{1,128}$/);
    fc.assert(
      fc.property(ids, fc.integer({ min: 0, max: 2 ** 45 }), (messageId, time) => {
        const sort = failedSort(aRow(messageId, time));
        expect(parseCursor(formatCursor(sort) ?? '')).toBe(sort);
      }),
    );
  });

  test('that no page gave is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseCursor(text)).toThrow(InvalidCursorError);
      }),
    );
  });
});

test('a sort key tells nothing of its message but the time', () => {
  expect(failedSort(aRow('secret-order-42', START_TIME))).toMatch(/^\d{14}#[\w-]{43}$/);
});

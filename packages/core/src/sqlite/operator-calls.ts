/** What operators ask of the store on one machine: looking messages up, listing and replaying them, window by window. */

import type { Status } from '../domain/lifecycle.ts';
import { InvalidCursorError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { MessageFilter, MessageStore, MessageView } from '../ports/message-store.ts';
import type { EngineHost } from './engine-host.ts';

const FIRST_PAGE = Number.MAX_SAFE_INTEGER;
/** Windows that one page of a listing looks through before it comes back short. */
const LIST_WINDOWS = 10;

/** @param announceWork called when messages are due that were not before */
export function createOperatorCalls(
  host: EngineHost,
  clock: Clock,
  announceWork: () => void,
): Pick<MessageStore, 'get' | 'list' | 'replay' | 'replayMany'> {
  return {
    get: (name) => host.call('get', { name }),

    async list({ status, limit, cursor, ...filter }) {
      const scanFilter: MessageFilter & { status?: Status } = status === undefined ? filter : { ...filter, status };
      let before: number | null = parseCursor(cursor);
      const messages: MessageView[] = [];
      for (let window = 0; window < LIST_WINDOWS && before !== null && messages.length < limit; window++) {
        const page: { messages: MessageView[]; before: number | null } = await host.call('list', {
          filter: scanFilter,
          before,
          limit: limit - messages.length,
        });
        messages.push(...page.messages);
        before = page.before;
      }
      return { messages, cursor: formatCursor(before) };
    },

    async replay(name) {
      const result = await host.call('replay', { now: clock.now(), name });
      if (result.replayed > 0) announceWork();
      return result;
    },

    async replayMany({ limit, dryRun, cursor, ...filter }) {
      const failed = { ...filter, status: 'FAILED' as const };
      let before: number | null = parseCursor(cursor);
      let replayed = 0;
      while (!dryRun && before !== null && replayed < limit) {
        const page: { replayed: number; before: number | null } = await host.call('replayWindow', {
          now: clock.now(),
          filter: failed,
          before,
          limit: limit - replayed,
        });
        replayed += page.replayed;
        before = page.before;
      }
      if (replayed > 0) announceWork();
      const remaining = before === null ? 0 : await countMatching(host, failed, before);
      return { replayed, remaining, cursor: remaining === 0 ? null : formatCursor(before) };
    },
  };
}

async function countMatching(
  host: EngineHost,
  filter: MessageFilter & { status: Status },
  from: number,
): Promise<number> {
  let matching = 0;
  for (let before: number | null = from; before !== null; ) {
    const window: { matching: number; before: number | null } = await host.call('count', { filter, before, limit: 0 });
    matching += window.matching;
    before = window.before;
  }
  return matching;
}

/** A cursor is the id that the next page lies below. */
function formatCursor(before: number | null): string | null {
  return before === null ? null : before.toString(36);
}

function parseCursor(cursor: string | undefined): number {
  if (cursor === undefined) return FIRST_PAGE;
  const before = Number.parseInt(cursor, 36);
  if (!Number.isSafeInteger(before) || before < 0 || before.toString(36) !== cursor) throw new InvalidCursorError();
  return before;
}

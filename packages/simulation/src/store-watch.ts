import type { MessageStore } from '@millrace/core';
import type { CoverageCounter } from './coverage.ts';

type Watched = Pick<MessageStore, 'claim' | 'settle' | 'handBack'>;

/** Counts what comes of the calls that workers make of their stores. */
export function createStoreWatch(coverage: CoverageCounter): <S extends Watched>(store: S) => S {
  /** The tokens of those who have the messages now. */
  const owners = new Map<string, string>();
  return (store) => ({
    ...store,
    async claim(claims) {
      const results = await store.claim(claims);
      for (const [index, { entry, token }] of claims.entries()) {
        const kind = results[index]?.kind;
        coverage.count(`claims ${kind}`);
        if (kind === 'won') owners.set(entry.identity.messageId, token);
      }
      return results;
    },
    async settle(settlements) {
      const results = await store.settle(settlements);
      for (const [index, { entry, token, result }] of settlements.entries()) {
        const isLate = owners.get(entry.identity.messageId) !== token;
        coverage.count(`${isLate ? 'late ' : ''}${result.kind}: ${results[index]}`);
      }
      return results;
    },
    async handBack(entries) {
      await store.handBack(entries);
      for (const { entry, until } of entries) {
        coverage.count(until === entry.notBefore ? 'hops of an early entry' : 'entries handed back, busy');
      }
    },
  });
}

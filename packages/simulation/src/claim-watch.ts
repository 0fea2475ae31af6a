import type { MessageStore } from '@millrace/core';
import type { CoverageCounter } from './coverage.ts';

type Watched = Pick<MessageStore, 'claim' | 'handBack'>;

/** The same store; what comes of claims and why entries are handed back is counted. */
export function watchClaims<S extends Watched>(store: S, coverage: CoverageCounter): S {
  return {
    ...store,
    async claim(claims) {
      const results = await store.claim(claims);
      for (const { kind } of results) coverage.count(`claims ${kind}`);
      return results;
    },
    async handBack(entries) {
      await store.handBack(entries);
      for (const { entry, until } of entries) {
        coverage.count(until === entry.notBefore ? 'hops of an early entry' : 'entries handed back, busy');
      }
    },
  };
}

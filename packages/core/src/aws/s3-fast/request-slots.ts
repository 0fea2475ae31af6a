/** How many requests are under way at once: as many as S3 takes without asking for less. */

import { firstLimit, type LoadSignal, limitAtEnd, limitAtStart } from '../../domain/concurrency-limit.ts';

export interface RequestSlots {
  /** Waits, in the order of the calls, until one more request may start. Returns its number. */
  take(): Promise<number>;
  /** A request is over. */
  free(request: number, signal: LoadSignal): void;
  /** Requests that may be under way. */
  readonly limit: number;
}

export function createRequestSlots(most: number): RequestSlots {
  let limit = firstLimit(most);
  let started = 0;
  let underWay = 0;
  const waiting: ((request: number) => void)[] = [];
  /** Of those that wait, so many have been let go: taking the first of a long list costs more. */
  let gone = 0;

  const start = (): number => {
    started += 1;
    underWay += 1;
    limit = limitAtStart(limit, started, underWay);
    return started;
  };

  const hasRoom = (): boolean => underWay < Math.floor(limit.limit);

  const letGo = (): void => {
    while (gone < waiting.length && hasRoom()) {
      const next = waiting[gone];
      gone += 1;
      next?.(start());
    }
    if (gone < waiting.length && gone < 1_024) return;
    waiting.splice(0, gone);
    gone = 0;
  };

  return {
    take: () => {
      if (hasRoom() && waiting.length === 0) return Promise.resolve(start());
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    free(request, signal) {
      underWay -= 1;
      limit = limitAtEnd(limit, signal, { request, latest: started, most });
      letGo();
    },
    get limit() {
      return Math.floor(limit.limit);
    },
  };
}

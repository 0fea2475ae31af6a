/**
 * Which due messages a worker has been given and has not claimed yet. In memory only: a claim decides who may deliver,
 * this only keeps the same message from being offered again and again meanwhile.
 *
 * Changes count from `keep`; `discard` takes back those of a transaction that failed, whose answers nobody got.
 */
export function createHandedOut() {
  /** Row id → epoch milliseconds until which it is not offered. */
  const until = new Map<number, number>();
  let added: number[] = [];

  return {
    size: (): number => until.size,
    mayTake: (id: number, now: number): boolean => (until.get(id) ?? 0) <= now,
    /** Until when it was handed back; undefined when it was not, or that time has come. */
    heldUntil(id: number, now: number): number | undefined {
      const time = until.get(id);
      return time !== undefined && Number.isFinite(time) && time > now ? time : undefined;
    },
    hold(id: number, time: number): void {
      until.set(id, time);
      added.push(id);
    },
    release(id: number): void {
      until.delete(id);
    },
    /** When the next one that is held until a known time comes free; Infinity when there is none. */
    nextRelease(now: number): number {
      let next = Number.POSITIVE_INFINITY;
      for (const time of until.values()) if (time > now && time < next) next = time;
      return next;
    },
    keep(): void {
      added = [];
    },
    discard(): void {
      for (const id of added) until.delete(id);
      added = [];
    },
  };
}

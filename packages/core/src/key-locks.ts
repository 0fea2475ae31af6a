export interface KeyLocks {
  /** Runs works of one key one after the other, in the order of the calls. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createKeyLocks(): KeyLocks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, work) {
      const before = tails.get(key) ?? Promise.resolve();
      const done = before.then(work);
      const tail = done
        .catch(() => undefined)
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key);
        });
      tails.set(key, tail);
      return done;
    },
  };
}

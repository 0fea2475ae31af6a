/** Keys in their order. Sorted when somebody looks: many writes between two listings cost one sort. */
export interface KeyIndex {
  /** The key is not in it. */
  add(key: string): void;
  remove(key: string): void;
  readonly size: number;
  /** All keys, in order; it changes with the next change. */
  sorted(): readonly string[];
}

export function createKeyIndex(): KeyIndex {
  let keys: string[] = [];
  const removed = new Set<string>();
  let isSorted = true;

  const sort = (): void => {
    if (removed.size > 0) keys = keys.filter((key) => !removed.has(key));
    removed.clear();
    if (!isSorted) keys.sort();
    isSorted = true;
  };

  return {
    add(key) {
      if (removed.delete(key)) return;
      isSorted &&= key > (keys.at(-1) ?? '');
      keys.push(key);
    },
    remove(key) {
      removed.add(key);
    },
    get size() {
      return keys.length - removed.size;
    },
    sorted() {
      if (removed.size > 0 || !isSorted) sort();
      return keys;
    },
  };
}

/** The first position whose key is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

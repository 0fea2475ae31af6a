/** Maps that remember what was used last, and forget the rest. */

/** Puts an entry behind all others. When there are then more than `limit`, the first one is forgotten. */
export function rememberLatest<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

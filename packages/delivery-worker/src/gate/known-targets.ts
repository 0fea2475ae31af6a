/**
 * What a worker knows of targets: read from the store in batches, and believed for a few seconds.
 *
 * A store that fails, or does not answer in time, stops nothing: what was known stays in force, and of what was not
 * known nothing is known.
 */

import { type CircuitStore, type Clock, type KnownTarget, StoreUnavailableError, type TargetKey } from '@millrace/core';

export interface KnownTargetsDeps {
  readonly store: Pick<CircuitStore, 'read'>;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told when the store could not be asked, at most once a batch. */
  readonly onError: (error: unknown) => void;
}

export interface KnownTargets {
  /** In the order of the keys. Never throws. */
  read(keys: readonly TargetKey[]): Promise<readonly (KnownTarget | null)[]>;
  /** What is known without asking the store. */
  peek(key: TargetKey): KnownTarget | null;
  /** What a write has made of it. */
  learn(key: TargetKey, known: KnownTarget | null): void;
  /** The next read asks the store. */
  forget(key: TargetKey): void;
}

/** Milliseconds that what was read is believed. */
const BELIEVED_MS = 3_000;
/** Milliseconds that a read may take; and that the store is left alone after one that failed. */
const PATIENCE_MS = 1_000;
/** Targets that are remembered; of more the oldest are forgotten. */
const MOST_TARGETS = 20_000;

interface Memory {
  readonly known: KnownTarget | null;
  /** Epoch milliseconds; a clock that was set back makes it old too. */
  readonly readAt: number;
}

export function targetId({ senderId, target }: TargetKey): string {
  return `${senderId}\n${target}`;
}

export function createKnownTargets({ store, clock, sleep, onError }: KnownTargetsDeps): KnownTargets {
  const memories = new Map<string, Memory>();
  /** Asked for, and not in a batch yet. */
  let gathered = new Map<string, TargetKey>();
  let batch: Promise<void> | undefined;
  /** In batches that are under way. */
  const asked = new Map<string, Promise<void>>();

  function remember(id: string, known: KnownTarget | null, readAt: number): void {
    // Behind all others: the map is in the order of age.
    memories.delete(id);
    memories.set(id, { known, readAt });
    if (memories.size <= MOST_TARGETS) return;
    const [oldest] = memories.keys();
    if (oldest !== undefined) memories.delete(oldest);
  }

  function isFresh(id: string, now: number): boolean {
    const readAt = memories.get(id)?.readAt ?? Number.NEGATIVE_INFINITY;
    return now - readAt < BELIEVED_MS && now >= readAt;
  }

  function load(id: string, key: TargetKey): Promise<void> {
    const underWay = asked.get(id);
    if (underWay !== undefined) return underWay;
    gathered.set(id, key);
    batch ??= Promise.resolve().then(loadGathered);
    asked.set(id, batch);
    return batch;
  }

  /** What was asked for in one turn is one call. */
  async function loadGathered(): Promise<void> {
    const keys = gathered;
    gathered = new Map();
    batch = undefined;
    const startedAt = clock.now();
    const before = new Map([...keys.keys()].map((id) => [id, memories.get(id)]));
    // What was learned meanwhile is newer than the answer.
    const isUnchanged = (id: string): boolean => memories.get(id) === before.get(id);
    const answered = store.read([...keys.values()]).then((answers) => {
      for (const [index, id] of [...keys.keys()].entries()) {
        if (isUnchanged(id)) remember(id, answers[index] ?? null, startedAt);
      }
      return true;
    });
    try {
      const inTime = await Promise.race([answered, sleep(PATIENCE_MS).then(() => false)]);
      if (!inTime) throw new StoreUnavailableError(`circuits could not be read within ${PATIENCE_MS} ms`);
    } catch (error) {
      answered.catch(() => undefined);
      onError(error);
      const leaveAlone = clock.now() - BELIEVED_MS + PATIENCE_MS;
      for (const id of keys.keys()) if (isUnchanged(id)) remember(id, memories.get(id)?.known ?? null, leaveAlone);
    } finally {
      for (const id of keys.keys()) asked.delete(id);
    }
  }

  return {
    async read(keys) {
      const now = clock.now();
      const ids = keys.map(targetId);
      const loads: Promise<void>[] = [];
      for (const [index, key] of keys.entries()) {
        const id = ids[index] ?? '';
        if (!isFresh(id, now)) loads.push(load(id, key));
      }
      if (loads.length > 0) await Promise.all(loads);
      return ids.map((id) => memories.get(id)?.known ?? null);
    },
    peek: (key) => memories.get(targetId(key))?.known ?? null,
    learn: (key, known) => remember(targetId(key), known, clock.now()),
    forget: (key) => void memories.delete(targetId(key)),
  };
}

import { NOTHING_KNOWN, type TargetKey, type TargetState } from './domain/target-state.ts';
import { StoreUnavailableError } from './errors.ts';
import type { CircuitStore, KnownTarget } from './ports/circuit-store.ts';

export interface TargetUpdate {
  /** What stands there now, as far as is known; null: nothing. */
  readonly known: KnownTarget | null;
  /** What was there before the change; undefined when nothing was changed. */
  readonly before?: TargetState;
}

/** Writers that come between; so many do not change one target at once. */
const LOOKS = 8;

/**
 * Changes what is known of a target, whoever else does at the same time.
 *
 * @param seen what the caller has read last; it costs a try when it is old
 * @param change what is to stand there; undefined leaves it. Asked again whenever another was first.
 * @throws StoreUnavailableError
 */
export async function updateTarget(
  store: Pick<CircuitStore, 'write'>,
  key: TargetKey,
  seen: KnownTarget | null,
  change: (state: TargetState) => TargetState | undefined,
): Promise<TargetUpdate> {
  let known = seen;
  for (let look = 0; look < LOOKS; look++) {
    const before = known?.state ?? NOTHING_KNOWN;
    const state = change(before);
    if (state === undefined) return { known };
    const [result] = await store.write([{ key, state, seen: known?.version ?? null }]);
    if (result?.kind === 'written') return { known: { state, version: result.version }, before };
    known = result?.current ?? null;
  }
  throw new StoreUnavailableError(`what is known of ${key.target} for ${key.senderId} keeps changing`);
}

/**
 * The state in the hands of one run. Every change is written under the condition that the state is still the one this
 * run knows, and renews the lease. The lease makes it rare that two runs do the same work; that neither harms the other
 * rests on the conditions alone.
 */

import { type Clock, type ObjectStore, PreconditionFailedError } from '@millrace/core';
import { LeaseHeldError, LeaseLostError } from '../errors.ts';
import { type CheckpointState, serializeState } from './checkpoint-state.ts';

type StateObjects = Pick<ObjectStore, 'get' | 'head' | 'put'>;

export interface SessionDeps {
  readonly objects: StateObjects;
  readonly clock: Clock;
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
}

export interface SessionOptions {
  /** Of the state's object. */
  readonly key: string;
  readonly runId: string;
  /** Milliseconds to wait for another run's lease. */
  readonly patienceMs: number;
  /** The state when there is none, or an error when there must be one. */
  readonly create: () => Promise<CheckpointState>;
  /** What is read becomes a state that this run can work with; or it throws. */
  readonly read: (bytes: Uint8Array, key: string) => CheckpointState;
}

export interface Session {
  readonly runId: string;
  readonly state: CheckpointState;
  /** @throws LeaseLostError when another run has changed the state */
  update(change: (state: CheckpointState) => CheckpointState): Promise<void>;
  /** Renews the lease when half of its time is over, for what takes long without a change. @throws LeaseLostError */
  renew(): Promise<void>;
  /** Asks whether the state is still the one of this run. @throws LeaseLostError */
  assertOwned(): Promise<void>;
  /**
   * Lets go of the lease, with a last change that may be lost. Never throws.
   */
  end(change?: (state: CheckpointState) => CheckpointState): Promise<void>;
}

/** How long a run that has crashed keeps others from its work. */
export const LEASE_MS = 120_000;
const ASK_AGAIN_MS = 500;

/** @throws LeaseHeldError, and what `create`, `read` and the store throw */
export async function openSession(deps: SessionDeps, options: SessionOptions): Promise<Session> {
  const { objects, clock, wait } = deps;
  const { key, runId, patienceMs, create, read } = options;
  const giveUpAt = clock.now() + patienceMs;

  const leased = (state: CheckpointState): CheckpointState => ({
    ...state,
    lease: { owner: runId, until: clock.now() + LEASE_MS },
  });

  const write = async (next: CheckpointState, etag: string | undefined): Promise<string> => {
    const condition = etag === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'unchanged', etag } as const);
    return (await objects.put(key, serializeState(next), { condition })).etag;
  };

  /** Another run may have made a state, and files, just now: undefined. */
  const createUnlessThere = async (): Promise<CheckpointState | undefined> => {
    try {
      return await create();
    } catch (error) {
      if ((await objects.head(key)) === undefined) throw error;
      return undefined;
    }
  };

  let current: { readonly state: CheckpointState; readonly etag: string } | undefined;
  while (current === undefined) {
    const stored = await objects.get(key);
    const found = stored === undefined ? await createUnlessThere() : read(stored.bytes, key);
    if (found === undefined) continue;
    const now = clock.now();
    if (found.lease !== null && found.lease.owner !== runId && found.lease.until > now) {
      if (now >= giveUpAt) throw new LeaseHeldError(found.lease.owner, found.lease.until);
      await wait(Math.min(ASK_AGAIN_MS, found.lease.until - now));
      continue;
    }
    const state = leased(found);
    try {
      current = { state, etag: await write(state, stored?.etag) };
    } catch (error) {
      // Someone else was first: look again at what they made of it.
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
  }
  let { state, etag } = current;

  const change = async (next: CheckpointState): Promise<void> => {
    try {
      etag = await write(next, etag);
      state = next;
    } catch (error) {
      if (error instanceof PreconditionFailedError) throw new LeaseLostError(runId);
      throw error;
    }
  };

  return {
    runId,
    get state() {
      return state;
    },
    update: (next) => change(leased(next(state))),
    async renew() {
      if (state.lease !== null && clock.now() < state.lease.until - LEASE_MS / 2) return;
      await change(leased(state));
    },
    assertOwned: shared(async () => {
      const info = await objects.head(key);
      if (info?.etag !== etag) throw new LeaseLostError(runId);
    }),
    async end(last = (unchanged) => unchanged) {
      try {
        await change({ ...last(state), lease: null });
      } catch {
        // Whoever has the state now has the lease too, and one that could not be given back ends in two minutes.
      }
    },
  };
}

/** One look for all who ask while another is under way: it begins after they asked, as each needs it to. */
function shared(look: () => Promise<void>): () => Promise<void> {
  let current: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= current.then(() => {
      next = undefined;
      const looking = look();
      current = looking.catch(() => undefined);
      return looking;
    });
    return next;
  };
}

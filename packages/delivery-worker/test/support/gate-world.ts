import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type AttemptOutcome, type CircuitStore, type Lane, NOTHING_KNOWN, type TargetState } from '@millrace/core';
import { openSqliteStore } from '@millrace/core/sqlite';
import { anEntry, createManualClock, type ManualClock, uniqueId } from '@millrace/core/testing';
import type { CircuitEvent } from '../../src/gate/target-changes.ts';
import { type Admission, createTargetGate, type TargetGate, type TargetGateDeps } from '../../src/gate/target-gate.ts';

export const ORIGIN = 'https://partner.example';
export const URL = `${ORIGIN}/hooks`;

/** Longer than any request of a test takes. */
export const LEASE_MS = 45_000;
/** Milliseconds that a worker believes what it has read. */
export const BELIEVED_MS = 3_000;
export const QUARTER_MS = 900_000;

/** A gate, and what it told. */
export interface Worker {
  readonly gate: TargetGate;
  readonly events: readonly CircuitEvent[];
  readonly waits: readonly (Lane & { readonly until: number })[];
  readonly errors: readonly unknown[];
  ask(target?: { readonly senderId?: string; readonly targetUrl?: string }): Promise<Admission>;
  /** Asks, goes, and ends so. @throws when it may not go */
  go(outcome: AttemptOutcome | null, target?: Parameters<Worker['ask']>[0]): Promise<void>;
}

export interface GateWorld {
  readonly clock: ManualClock;
  readonly store: CircuitStore;
  /** Another worker, in a process of its own. */
  worker(deps?: Partial<TargetGateDeps>): Worker;
  /** What the store knows. */
  state(senderId?: string, target?: string): Promise<TargetState>;
  close(): Promise<void>;
}

export const answer = (statusCode: number, more: object = {}): AttemptOutcome => ({
  kind: 'response',
  statusCode,
  ...more,
});
export const OK = answer(200);
export const TIMEOUT: AttemptOutcome = { kind: 'timeout', detail: 'no answer' };

/** Gates on the real store of one machine, under a clock that the test moves. */
export async function openGateWorld(): Promise<GateWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-gate-'));
  const clock = createManualClock();
  const opened = await openSqliteStore({ folder, clock, thread: false });
  const store = opened.circuits;

  function worker(deps: Partial<TargetGateDeps> = {}): Worker {
    const events: CircuitEvent[] = [];
    const waits: (Lane & { until: number })[] = [];
    const errors: unknown[] = [];
    const gate = createTargetGate({
      ...{ store, clock, random: () => 0.5, newToken: () => uniqueId('probe'), longestWaitMs: QUARTER_MS },
      // Nothing here is slow: what is waited for comes.
      sleep: () => new Promise(() => undefined),
      onCircuit: (event) => events.push(event),
      onWait: (lane, until) => waits.push({ ...lane, until }),
      onError: (error) => errors.push(error),
      ...deps,
    });
    const ask: Worker['ask'] = ({ senderId = 'billing', targetUrl = URL } = {}) =>
      gate.ask(anEntry({ senderId, targetUrl }), LEASE_MS);
    return {
      ...{ gate, events, waits, errors, ask },
      async go(outcome, target) {
        const admission = await ask(target);
        if (admission.kind !== 'go') throw new Error(`expected it to go, was told ${JSON.stringify(admission)}`);
        admission.end(outcome);
        await gate.flush(0);
      },
    };
  }

  return {
    ...{ clock, store, worker },
    async state(senderId = 'billing', target = ORIGIN) {
      const [known] = await store.read([{ senderId, target }]);
      return known?.state ?? NOTHING_KNOWN;
    },
    async close() {
      await opened.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The circuit of the target is open from now on. */
export async function fail(worker: Worker, target: Parameters<Worker['ask']>[0] = {}): Promise<void> {
  for (let request = 0; request < 10; request++) await worker.go(TIMEOUT, target);
}

/**
 * Asked before a message is claimed: may it go to its target now? Writes no row of a message.
 *
 * | What is known | The message |
 * | --- | --- |
 * | its URL is gone | ends at once: FAILED `held` |
 * | an operator holds its URL or origin; Retry-After holds its origin | waits, and asks again |
 * | the circuit of its origin is open | waits until a probe is offered |
 * | a probe is offered | is the probe, if this worker is the first of all; else waits |
 * | nothing of these | goes |
 * | nothing, as the store cannot be asked | goes |
 *
 * Nobody waits for what the gate writes: results are stored whether or not it can.
 */

import {
  type AttemptOutcome,
  activeHold,
  type CircuitStore,
  type Clock,
  type Entry,
  endProbe,
  type Hold,
  holdOf,
  type Lane,
  passage,
  placeHold,
  startProbe,
  type TargetKey,
  targetFailure,
  targetOrigin,
} from '@millrace/core';
import { createKnownTargets } from './known-targets.ts';
import { createOriginCounts } from './origin-counts.ts';
import { type CircuitEvent, createTargetChanges } from './target-changes.ts';

export type Admission =
  /** `end` is told once what came of it: the outcome, or null when no request was made. Later calls do nothing. */
  | { readonly kind: 'go'; readonly end: (outcome: AttemptOutcome | null) => void }
  /** Epoch milliseconds: ask again then. */
  | { readonly kind: 'wait'; readonly until: number }
  /** The message must end without a request; the detail is for people. */
  | { readonly kind: 'held'; readonly detail: string };

type Wait = Extract<Admission, { kind: 'wait' }>;

export interface TargetGate {
  /**
   * Never throws.
   * @param leaseMs longer than the request may take: for so long nobody else is offered the probe
   */
  ask(entry: Pick<Entry, 'identity'>, leaseMs: number): Promise<Admission>;
  /** An operator has changed something: the store is asked again, and what waits for it may ask. */
  forget(key: TargetKey): void;
  /** What is due to be written is written, or the time is over. Never throws. */
  flush(limitMs: number): Promise<void>;
}

export interface TargetGateDeps {
  readonly store: Pick<CircuitStore, 'read' | 'write'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A new one for every probe. */
  readonly newToken: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds after which a message that waits asks again, whatever it waits for. */
  readonly longestWaitMs: number;
  /** False: failures are not counted, and no circuit is looked at. Default true. */
  readonly breaker?: boolean;
  /** Told of each change of a circuit's state, once, by the worker that made it. */
  readonly onCircuit?: (event: CircuitEvent) => void;
  /**
   * Told that no message of a lane goes before a time (epoch milliseconds), so that a queue need not hand one after the
   * other out; and, by a time that has come, that they may go again.
   */
  readonly onWait?: (lane: Lane, until: number) => void;
  /** Told when the store could not be asked or told: deliveries go on as if there were nothing to know. */
  readonly onError: (error: unknown) => void;
}

/** Milliseconds after which messages ask what came of a probe. */
const PROBE_WAIT_MS = 10_000;

export function createTargetGate(deps: TargetGateDeps): TargetGate {
  const { store, clock, random, newToken, sleep, longestWaitMs, onError } = deps;
  const { breaker = true, onWait = () => undefined } = deps;
  const known = createKnownTargets({ store, clock, sleep, onError });
  const changes = createTargetChanges({ store, known, onCircuit, onError });
  const counts = createOriginCounts({ known, changes, clock, random });

  function onCircuit(event: CircuitEvent): void {
    deps.onCircuit?.(event);
    const { senderId, origin, to } = event;
    if (to === 'closed') onWait({ senderId, origin }, clock.now());
  }

  const wait = (until: number): Wait => ({ kind: 'wait', until: Math.min(until, clock.now() + longestWaitMs) });

  function waitWithLane({ senderId, target }: TargetKey, until: number): Wait {
    const waiting = wait(until);
    onWait({ senderId, origin: target }, waiting.until);
    return waiting;
  }

  /** The message waits; or it goes, as the probe of this token when it is not null. */
  async function askCircuit(origin: TargetKey, leaseMs: number): Promise<Wait | { kind: 'go'; probe: string | null }> {
    const token = newToken();
    for (;;) {
      const circuit = known.peek(origin)?.state.circuit ?? null;
      const now = clock.now();
      const passes = passage(circuit, now);
      if (passes.kind === 'go') return { kind: 'go', probe: null };
      if (passes.kind === 'wait') {
        const isProbing = circuit?.state === 'half-open';
        return waitWithLane(origin, isProbing ? Math.min(passes.until, now + PROBE_WAIT_MS) : passes.until);
      }
      // Whether or not it stands, what is known afterwards is what the store has.
      const isMine = await changes.make(origin, (state) => {
        const probing = startProbe(state.circuit, { now: clock.now(), token, leaseMs });
        return probing === undefined ? undefined : { ...state, circuit: probing };
      });
      if (isMine) return { kind: 'go', probe: token };
    }
  }

  function place(key: TargetKey, hold: Hold): void {
    const work = changes.make(key, (state) => {
      const placed = placeHold(state.hold, hold, clock.now());
      return placed === state.hold ? undefined : { ...state, hold: placed };
    });
    changes.inBackground(work);
  }

  function conclude(origin: TargetKey, url: TargetKey, probe: string | null, outcome: AttemptOutcome | null): void {
    const failure = outcome === null ? undefined : targetFailure(outcome);
    if (probe !== null) {
      const work = changes.make(origin, (state) => {
        const circuit = endProbe(state.circuit, probe, failure, { now: clock.now(), random: random() });
        return circuit === undefined ? undefined : { ...state, circuit };
      });
      changes.inBackground(work);
    } else if (failure !== undefined && breaker) counts.add(origin, failure);
    const asked = outcome === null ? null : holdOf(outcome, clock.now());
    if (asked !== null) place(asked.of === 'url' ? url : origin, asked.hold);
  }

  function go(origin: TargetKey, url: TargetKey, probe: string | null): Admission {
    let ended = false;
    return {
      kind: 'go',
      end(outcome) {
        if (ended) return;
        ended = true;
        conclude(origin, url, probe, outcome);
      },
    };
  }

  return {
    async ask({ identity: { senderId, targetUrl } }, leaseMs) {
      const origin = { senderId, target: targetOrigin(targetUrl) };
      const url = { senderId, target: targetUrl };
      const [ofUrl, ofOrigin] = await known.read([url, origin]);
      const now = clock.now();
      const urlHold = activeHold(ofUrl?.state.hold ?? null, now);
      if (urlHold?.kind === 'gone') return { kind: 'held', detail: heldDetail(url, urlHold) };
      if (urlHold !== null) return wait(Number.POSITIVE_INFINITY);
      const originHold = activeHold(ofOrigin?.state.hold ?? null, now);
      if (originHold !== null) {
        return waitWithLane(origin, originHold.kind === 'retry-after' ? originHold.until : Number.POSITIVE_INFINITY);
      }
      if (!breaker) return go(origin, url, null);
      try {
        const answer = await askCircuit(origin, leaseMs);
        return answer.kind === 'wait' ? answer : go(origin, url, answer.probe);
      } catch (error) {
        onError(error);
        return go(origin, url, null);
      }
    },

    forget(key) {
      known.forget(key);
      onWait({ senderId: key.senderId, origin: targetOrigin(key.target) }, clock.now());
    },

    async flush(limitMs) {
      counts.tell();
      if (!changes.isIdle()) await Promise.race([changes.settled(), sleep(limitMs)]);
    },
  };
}

function heldDetail({ target }: TargetKey, { since, why }: Hold): string {
  return `${target} is held since ${new Date(since).toISOString()}: ${why}; release it, and replay`;
}

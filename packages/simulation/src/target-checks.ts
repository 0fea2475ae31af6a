/** What may be written of a target, and which of its messages a gate may let through, keep waiting, or end. */

import { activeHold, circuitExpiry, type TargetState } from '@millrace/core';
import type { Admission } from '@millrace/delivery-worker';
import type { Broken } from './invariants.ts';
import type { Process } from './process.ts';

/** What is known of one target of one sender, from outside of every process. */
export interface KnownTarget {
  /** The sender and the target, for people. */
  readonly name: string;
  /** All that was written of it, in order; the first stands for nothing. */
  readonly standings: Standing[];
  /** What the target has asked for: no more messages, or none for a time. */
  readonly askedFor: Set<'gone' | 'retry-after'>;
  /** Tokens of probes that went. */
  readonly probes: Set<string>;
}

interface Standing {
  /** Milliseconds of true time: since when. */
  readonly at: number;
  readonly state: TargetState;
  /** Who wrote it. */
  readonly process: Process | undefined;
}

/** A message that a gate was asked about. */
export interface Question {
  readonly process: Process;
  readonly origin: KnownTarget;
  readonly url: KnownTarget;
  /** Milliseconds of true time, and of the clock of the process: when it was asked. */
  readonly at: number;
  readonly clockAt: number;
}

/** Milliseconds that a worker believes what it has read, and that the reading took. */
const STALE_MS = 4_000;
/** Milliseconds by which a clock must have been set back for times to say nothing any more. */
const SET_BACK_MS = 60_000;
/** Milliseconds after its time within which something comes for a target: the wait of a queue, twice. */
const UNHEEDED_MS = 30 * 60_000;

const NOTHING: Standing = {
  at: Number.NEGATIVE_INFINITY,
  state: { circuit: null, hold: null },
  process: undefined,
};

export function nothingKnownOf(name: string): KnownTarget {
  return { name, standings: [NOTHING], askedFor: new Set(), probes: new Set() };
}

export function lastOf({ standings }: KnownTarget): Standing {
  return standings.at(-1) ?? NOTHING;
}

/** @param target before the write */
export function checkTargetWrite(process: Process, target: KnownTarget, { circuit, hold }: TargetState): Broken {
  const { state: before } = lastOf(target);
  const isNewHold = hold !== null && hold.since !== before.hold?.since;
  if (isNewHold && hold.kind !== 'manual' && !target.askedFor.has(hold.kind)) {
    return ['asked', `${process.name} holds ${target.name}: ${hold.kind}`];
  }
  if (circuit?.state !== 'half-open') return undefined;
  const { circuit: former } = before;
  const isSame = former?.state === 'half-open' && former.probe === circuit.probe;
  if (isSame) return undefined;
  if (former === null || former.state === 'closed') return ['oneProbe', `${target.name} is probed, and was not open`];
  const earliest = process.latestTime() - process.skews().most + process.skews().least;
  const isOffered = former.until <= process.latestTime() || former.since > earliest + SET_BACK_MS;
  return isOffered ? undefined : ['oneProbe', `${process.name} probes ${target.name}, ${former.state}`];
}

export function checkAdmission(question: Question, { kind }: Admission, now: number): Broken {
  const { process, origin, url, at } = question;
  const since = at - STALE_MS;
  if (kind === 'go') return checkGo(question, now);
  if (kind === 'held') {
    const isGone = standingsSince(url, since).some(({ state }) => state.hold?.kind === 'gone');
    return isGone ? undefined : ['ownTarget', `${process.name} ends a message to ${url.name}, which is not held`];
  }
  const isHeldUp = standingsSince(origin, since).some(({ state: { circuit, hold } }) => {
    return hold !== null || (circuit !== null && circuit.state !== 'closed');
  });
  const isHeld = standingsSince(url, since).some(({ state }) => state.hold !== null);
  return isHeldUp || isHeld ? undefined : ['ownTarget', `${process.name} lets ${url.name} wait for nothing`];
}

/** Whoever could know that a target is given up sends it nothing but the probe. */
function checkGo({ process, origin, url, at, clockAt }: Question, now: number): Broken {
  const since = at - STALE_MS;
  const clockNow = process.clock.now();
  const ofUrl = standingsSince(url, since);
  if (ofUrl.every(({ state }) => state.hold?.kind === 'gone')) {
    return ['givenUp', `${process.name} lets a message go to ${url.name}, which is gone`];
  }
  const ofOrigin = standingsSince(origin, since);
  const isHeld = ofOrigin.every(({ state: { hold } }) => activeHold(hold, clockAt) && activeHold(hold, clockNow));
  if (isHeld) return ['givenUp', `${process.name} lets a message go to ${origin.name}, which is held`];
  const isOpen = ofOrigin.every(({ state: { circuit } }) => {
    return circuit !== null && circuit.state !== 'closed' && circuitExpiry(circuit) > clockNow;
  });
  if (!isOpen) return undefined;
  const { state, process: writer } = lastOf(origin);
  const { circuit } = state;
  const isProbe = circuit?.state === 'half-open' && writer === process && !origin.probes.has(circuit.probe);
  if (!isProbe) {
    return ['givenUp', `${process.name} lets a message go to ${origin.name}, ${circuit?.state}, at ${now}`];
  }
  origin.probes.add(circuit.probe);
  return undefined;
}

/** What stood there then, and all that was written since. */
function standingsSince({ standings }: KnownTarget, since: number): readonly Standing[] {
  const first = standings.findLastIndex(({ at }) => at <= since);
  return standings.slice(Math.max(0, first));
}

/** Is its circuit open, or its probe lost, although its time was over long ago? Clocks must be right. */
export function isStuck(target: KnownTarget, now: number): boolean {
  const { at, state } = lastOf(target);
  const { circuit } = state;
  if (circuit === null || circuit.state === 'closed') return false;
  return Math.max(at, circuit.until) < now - UNHEEDED_MS && circuitExpiry(circuit) > now;
}

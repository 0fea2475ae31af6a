/**
 * The circuit breaker of a sender's target origin: when requests are let through, and when the target is left alone.
 *
 * ```
 *             half of at least 10 requests failed
 *   closed ──────────────────────────────────────▶ open ◀────────────┐
 *      ▲                                             │ its time over  │ it failed: open for twice as long
 *      └─────────────── it came through ───────── half-open ──────────┘
 *                                                 one probe, under a lease
 * ```
 *
 * Workers share a circuit: each changes what it has read, and a store takes the change only of what stands there still.
 * It is never open for ever: once its time is over the next that asks is the probe, and a probe of which nothing is
 * heard is offered again when its lease is over.
 */

import { type AttemptOutcome, isServerError } from './outcome.ts';

/** Requests of one bucket of time, and how many of them failed. */
export interface Count {
  /** Epoch milliseconds divided by `BUCKET_MS`. */
  readonly bucket: number;
  readonly requests: number;
  readonly failures: number;
}

/** What led to an open circuit. */
interface Opening {
  /** Epoch milliseconds: since when it is in this state. */
  readonly since: number;
  /** Milliseconds, without jitter: the next opening lasts twice as long. */
  readonly openMs: number;
  /** In the window that opened it. */
  readonly requests: number;
  readonly failures: number;
  /** The last failure, in a few words. */
  readonly why: string;
}

export type Circuit =
  | { readonly state: 'closed'; readonly since: number; readonly counts: readonly Count[] }
  /** Nothing is sent until `until`, epoch milliseconds. */
  | ({ readonly state: 'open'; readonly until: number } & Opening)
  /** One request is on its way, that of the token; its lease ends at `until`. */
  | ({ readonly state: 'half-open'; readonly until: number; readonly probe: string } & Opening);

export type CircuitState = Circuit['state'];

/** Milliseconds of a bucket; the window is the present one and the one before. */
export const BUCKET_MS = 30_000;
/** Requests in the window without which nothing is concluded. */
export const LEAST_REQUESTS = 10;
/** Milliseconds that a circuit is open at first, and at the most. */
export const SHORTEST_OPEN_MS = 30_000;
export const LONGEST_OPEN_MS = 900_000;
/** The part of an opening that chance adds, so that circuits which opened together do not probe together. */
const JITTER = 0.2;
/** Milliseconds that the clocks of workers differ at most. */
export const CLOCK_SKEW_MS = 60_000;
/** Milliseconds that an open circuit to which nobody sends is remembered. */
const KEPT_OPEN_MS = 86_400_000;

/**
 * What an outcome says of its target: null, that it answers; how it failed, in a few words and without what it wrote; or
 * undefined, nothing, as no request was made.
 */
export function targetFailure(outcome: AttemptOutcome): string | null | undefined {
  switch (outcome.kind) {
    case 'response':
      return isServerError(outcome.statusCode) ? `HTTP ${outcome.statusCode}` : null;
    case 'timeout':
    case 'dns':
    case 'tls':
    case 'connection':
      return outcome.kind;
    default:
      return undefined;
  }
}

export type Passage =
  | { readonly kind: 'go' }
  /** Epoch milliseconds, later than now. */
  | { readonly kind: 'wait'; readonly until: number }
  /** One request may go: that of whoever makes `startProbe` stand. */
  | { readonly kind: 'probe' };

export function passage(circuit: Circuit | null, now: number): Passage {
  if (circuit === null || circuit.state === 'closed') return { kind: 'go' };
  return isOver(circuit, now) ? { kind: 'probe' } : { kind: 'wait', until: circuit.until };
}

/** Also when the clock was set back: then nobody knows how long it would be, and asking costs one request. */
function isOver({ since, until }: { readonly since: number; readonly until: number }, now: number): boolean {
  return now >= until || now < since - CLOCK_SKEW_MS;
}

/** The circuit with the probe of this token under way; undefined when none is offered. */
export function startProbe(
  circuit: Circuit | null,
  { now, token, leaseMs }: { readonly now: number; readonly token: string; readonly leaseMs: number },
): Circuit | undefined {
  if (circuit === null || circuit.state === 'closed' || !isOver(circuit, now)) return undefined;
  const { openMs, requests, failures, why } = circuit;
  return { state: 'half-open', since: now, until: now + leaseMs, probe: token, openMs, requests, failures, why };
}

export interface Chance {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * What the end of a probe makes of the circuit; undefined when it is no longer this one that counts.
 *
 * @param failure what its outcome says of the target, see `targetFailure`; undefined: the next may go
 */
export function endProbe(
  circuit: Circuit | null,
  token: string,
  failure: string | null | undefined,
  { now, random }: Chance,
): Circuit | undefined {
  if (circuit?.state !== 'half-open' || circuit.probe !== token) return undefined;
  if (failure === null) return { state: 'closed', since: now, counts: [] };
  const { state: _, probe: __, ...opening } = circuit;
  if (failure === undefined) return { ...opening, state: 'open', since: now, until: now };
  return opened(opening.openMs * 2, { ...opening, why: failure }, { now, random });
}

/** An open circuit whose probe is offered at once; the others as they are. */
export function offerProbe(circuit: Circuit | null, now: number): Circuit | null {
  return circuit?.state === 'open' ? { ...circuit, since: Math.min(circuit.since, now), until: now } : circuit;
}

function opened(
  openMs: number,
  { requests, failures, why }: Pick<Opening, 'requests' | 'failures' | 'why'>,
  { now, random }: Chance,
): Circuit {
  const base = Math.min(openMs, LONGEST_OPEN_MS / (1 + JITTER));
  const until = now + Math.round(base * (1 + JITTER * random));
  return { state: 'open', since: now, until, openMs: base, requests, failures, why };
}

/** The counts with one more request in them. */
export function countRequest(counts: readonly Count[], failed: boolean, now: number): readonly Count[] {
  const one = { bucket: Math.floor(now / BUCKET_MS), requests: 1, failures: failed ? 1 : 0 };
  return inWindow(mergeCounts(counts, [one]), now);
}

/** The sum of both, bucket by bucket. */
export function mergeCounts(some: readonly Count[], others: readonly Count[]): readonly Count[] {
  const sums = new Map<number, Count>();
  for (const { bucket, requests, failures } of [...some, ...others]) {
    const sum = sums.get(bucket) ?? { bucket, requests: 0, failures: 0 };
    sums.set(bucket, { bucket, requests: sum.requests + requests, failures: sum.failures + failures });
  }
  return [...sums.values()].sort((a, b) => a.bucket - b.bucket);
}

/** Those of the present bucket and the one before. Another worker's clock may have begun the next bucket already. */
function inWindow(counts: readonly Count[], now: number): readonly Count[] {
  const present = Math.floor(now / BUCKET_MS);
  const last = counts.some(({ bucket }) => bucket === present + 1) ? present + 1 : present;
  return counts.filter(({ bucket }) => bucket === last || bucket === last - 1);
}

/** How many requests of the window have failed. */
export function failuresOf(counts: readonly Count[], now: number): number {
  return inWindow(counts, now).reduce((sum, { failures }) => sum + failures, 0);
}

/**
 * The circuit with the requests that a worker has made since it told the last time; open when they are too many that
 * failed. While it is not closed, requests that were sent before say nothing new.
 *
 * @param why the last failure, in a few words
 */
export function addCounts(circuit: Circuit | null, counts: readonly Count[], why: string, chance: Chance): Circuit {
  const { now } = chance;
  const closed = circuit ?? { state: 'closed', since: now - BUCKET_MS, counts: [] };
  if (closed.state !== 'closed') return closed;
  // What failed before the probe came through is of the past. A clock that was set back makes nothing past.
  const first = Math.floor(Math.min(closed.since, now) / BUCKET_MS);
  const recent = counts.filter(({ bucket }) => bucket >= first);
  const all = inWindow(mergeCounts(closed.counts, recent), now);
  const requests = all.reduce((sum, count) => sum + count.requests, 0);
  const failures = failuresOf(all, now);
  const isTooMany = requests >= LEAST_REQUESTS && failures * 2 >= requests;
  return isTooMany ? opened(SHORTEST_OPEN_MS, { requests, failures, why }, chance) : { ...closed, counts: all };
}

/** Epoch milliseconds: from then on the circuit says no more than none would. */
export function circuitExpiry(circuit: Circuit): number {
  if (circuit.state !== 'closed') return circuit.until + KEPT_OPEN_MS;
  const last = circuit.counts.at(-1)?.bucket ?? Math.floor(circuit.since / BUCKET_MS);
  return (last + 2) * BUCKET_MS;
}

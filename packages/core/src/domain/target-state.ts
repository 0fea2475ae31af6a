/**
 * What is known of a target of a sender, shared by all workers. Every key holds the sender: one sender's failures,
 * holds and releases never touch another's deliveries.
 */

import { type Circuit, circuitExpiry } from './circuit.ts';
import type { Hold } from './hold.ts';

export interface TargetKey {
  readonly senderId: string;
  /** An origin (`https://partner.example`), or a canonical URL, which is never an origin: it has a path. */
  readonly target: string;
}

export interface TargetState {
  /** Of origins only. */
  readonly circuit: Circuit | null;
  readonly hold: Hold | null;
}

export const NOTHING_KNOWN: TargetState = Object.freeze({ circuit: null, hold: null });

/** The origin of a canonical http(s) URL, or the origin itself. */
export function targetOrigin(target: string): string {
  const end = target.indexOf('/', target.indexOf('//') + 2);
  return end === -1 ? target : target.slice(0, end);
}

/** Epoch milliseconds: from then on it says no more than nothing would; null when it must be kept. */
export function stateExpiry({ circuit, hold }: TargetState, now: number): number | null {
  if (hold?.kind === 'gone' || hold?.kind === 'manual') return null;
  return Math.max(circuit === null ? now : circuitExpiry(circuit), hold?.until ?? now);
}

/**
 * A simulated process: a clock of its own, calls to what is outside of it, timers; and a death, after which nothing of
 * it goes on: the promises that it waits for are never settled.
 */

import type { Clock } from '@millrace/core';
import { SimulatedFault } from './faults.ts';
import type { Sim } from './sim.ts';

/** A call to something outside. */
export interface OutsideCall {
  /** Faults are chosen by it. */
  readonly kind: string;
  /** What it is about, for people and for chance. */
  readonly subject: string;
}

export interface Process {
  readonly name: string;
  readonly clock: Clock;
  /** The latest time that its clock has shown. */
  latestTime(): number;
  /** Milliseconds that its clock was ahead of the true time, at the most and at the least. */
  skews(): { readonly most: number; readonly least: number };
  skew(): number;
  /** @param skewMs milliseconds ahead of the true time */
  setClock(skewMs: number): void;
  /** It stands still for so long, and does not know it: its clock goes on. */
  pause(ms: number): void;
  isAlive(): boolean;
  die(why: string): void;
  /** Runs at its death, once. */
  onDeath(action: () => void): void;
  /**
   * Makes a call whose effect happens at one moment, some time from now; its answer comes later still.
   * @param partialEffect of a batch when some of its parts are refused; without it the whole is refused
   */
  call<T>(call: OutsideCall, effect: () => T, partialEffect?: () => T): Promise<T>;
  sleep(ms: number): Promise<void>;
  /** Unless it is dead then, or the function that it returns was called. */
  after(ms: number, action: () => void): () => void;
}

/** Milliseconds of simulated time. */
const CALL_MS = 20;
const LEAST_SLOW_MS = 5_000;
const MOST_SLOW_MS = 80_000;
const GIVES_UP_MS = 10_000;
const LATE_MS = 60_000;

export function createProcess(sim: Sim, name: string, skewMs = 0): Process {
  const { timeline, noise, faults, coverage } = sim;
  const deaths: (() => void)[] = [];
  const skews = { most: skewMs, least: skewMs };
  let skew = skewMs;
  let alive = true;
  let latest = 0;
  let pausedUntil = 0;

  const now = (): number => {
    const time = Math.floor(timeline.now() + skew);
    latest = Math.max(latest, time);
    return time;
  };

  function die(why: string): void {
    if (!alive) return;
    alive = false;
    coverage.count('deaths');
    sim.note(name, () => `dies: ${why}`);
    for (const action of deaths.splice(0)) action();
  }

  function pause(ms: number): void {
    coverage.count('pauses');
    sim.note(name, () => `stands still for ${ms} ms`);
    pausedUntil = Math.max(pausedUntil, timeline.now() + ms);
  }

  function after(ms: number, action: () => void): () => void {
    let cancelled = false;
    const fire = (): void => {
      if (!alive || cancelled) return;
      if (timeline.now() < pausedUntil) timeline.at(pausedUntil, fire);
      else action();
    };
    timeline.at(timeline.now() + ms, fire);
    return () => {
      cancelled = true;
    };
  }

  /** What the network makes of a call: how long it takes there and back, and whether it gets there. */
  function call<T>({ kind, subject }: OutsideCall, effect: () => T, partialEffect?: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!alive) return;
      const fault = faults.strike(kind);
      const chance = `${name}/${kind}/${subject}`;
      const slow = (): number => noise.between(chance, LEAST_SLOW_MS, MOST_SLOW_MS);
      const there = noise.between(chance, 1, CALL_MS) + (fault === 'slow' ? slow() : 0);
      const back = noise.between(chance, 0, CALL_MS) + (fault === 'slow-answer' ? slow() : 0);
      if (fault !== undefined) coverage.count(`calls ${fault}`);
      const what = `${kind} ${subject}`;
      const act = fault === 'partial' && partialEffect !== undefined ? partialEffect : effect;
      const isRefused = fault === 'refused' || fault === 'throttled' || (fault === 'partial' && act === effect);

      const run = (): void => {
        try {
          const result = act();
          sim.note(name, () => `${what}${fault === undefined ? '' : ` (${fault})`}`);
          if (fault === 'dies-after') die(`after ${what}`);
          else if (fault === 'stalls') pause(slow());
          if (fault === 'lost') after(back, () => reject(new SimulatedFault('TimeoutError', 'ECONNRESET')));
          else after(back, () => resolve(result));
        } catch (error) {
          sim.note(name, () => `${what}: ${String(error)}`);
          after(back, () => reject(error));
        }
      };

      if (fault === 'late') {
        after(GIVES_UP_MS, () => reject(new SimulatedFault('TimeoutError', 'ETIMEDOUT')));
        timeline.at(timeline.now() + GIVES_UP_MS + noise.between(chance, 0, LATE_MS), run);
        return;
      }
      timeline.at(timeline.now() + there, () => {
        // What is on its way when the process dies may get there or not.
        if (!alive && noise.fraction(chance) < 0.5) return;
        if (fault === 'dies-before') die(`before ${what}`);
        else if (isRefused) {
          sim.note(name, () => `${what}: ${fault}`);
          const error = new SimulatedFault(fault === 'throttled' ? 'ThrottlingException' : 'InternalServerError');
          after(back, () => reject(error));
        } else run();
      });
    });
  }

  return {
    name,
    clock: { now },
    latestTime: () => Math.max(latest, now()),
    skews: () => skews,
    skew: () => skew,
    setClock(skewMs) {
      if (skewMs === skew) return;
      sim.note(name, () => `its clock is set by ${skewMs - skew} ms`);
      skew = skewMs;
      skews.most = Math.max(skews.most, skew);
      skews.least = Math.min(skews.least, skew);
    },
    pause,
    isAlive: () => alive,
    die,
    onDeath: (action) => void deaths.push(action),
    call,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    after,
  };
}

/**
 * Sees from outside what is known of targets, what gates make of it, and whether requests keep to it. What a process
 * cannot know, or not in time, it may get wrong: its store could not be asked, or its clock was set.
 */

import { type AttemptOutcome, type Identity, type TargetKey, type TargetState, targetOrigin } from '@millrace/core';
import type { Admission } from '@millrace/delivery-worker';
import { type Broken, INVARIANTS } from './invariants.ts';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';
import {
  checkAdmission,
  checkTargetWrite,
  isStuck,
  type KnownTarget,
  lastOf,
  nothingKnownOf,
  type Question,
} from './target-checks.ts';

type Address = Pick<Identity, 'senderId' | 'messageId' | 'targetUrl'>;

export interface TargetWitness {
  /** What is known of a target stands there as it was written, by a process, by now at the latest. */
  wrote(process: Process, key: TargetKey, version: string, state: TargetState): void;
  /**
   * A gate is asked about a message. The function that it returns is told of the answer.
   * @param isInformed could the process know what stands in the store?
   */
  asks(process: Process, message: Address): (admission: Admission, isInformed: boolean) => void;
  /** A message that was let through makes no request. */
  turnsBack(process: Process, message: Address): void;
  /** A worker makes a request. */
  requests(process: Process, message: Address): void;
  targetAnswered(message: Address, outcome: AttemptOutcome): void;
  /** A gate has said that the message ends without a request. */
  wasHeld(name: string): boolean;
  /** Targets whose circuits nobody has closed or probed in time, by the names of messages that were to go there. */
  stuck(): ReadonlyMap<string, string>;
}

export function createTargetWitness(sim: Sim): TargetWitness {
  const { timeline, coverage } = sim;
  const all = new Map<string, KnownTarget>();
  const versions = new Map<string, string>();
  /** Messages that processes may make requests of, and how often. */
  const admitted = new Map<string, number>();
  const addresses = new Map<string, Address>();
  const held = new Set<string>();

  function of({ senderId, target }: TargetKey): KnownTarget {
    const name = `${target} of ${senderId}`;
    const known = all.get(name) ?? nothingKnownOf(name);
    all.set(name, known);
    return known;
  }

  const urlOf = ({ senderId, targetUrl }: Address): KnownTarget => of({ senderId, target: targetUrl });
  const originOf = ({ senderId, targetUrl }: Address): KnownTarget => {
    return of({ senderId, target: targetOrigin(targetUrl) });
  };

  function judge(broken: Broken): void {
    if (broken !== undefined) sim.violate(INVARIANTS[broken[0]], broken[1]);
  }

  function admit(process: Process, { messageId }: Address, by: number): number {
    const key = `${process.name}/${messageId}`;
    const count = (admitted.get(key) ?? 0) + by;
    admitted.set(key, Math.max(0, count));
    return count;
  }

  function countChange(before: TargetState, after: TargetState): void {
    const [from, to] = [before.circuit?.state ?? 'closed', after.circuit?.state ?? 'closed'];
    if (before.hold === null && after.hold !== null) coverage.count(`holds ${after.hold.kind}`);
    if (from === 'half-open' && to === 'half-open') coverage.count('probes lost');
    if (to === 'half-open') coverage.count('probes');
    else if (from === 'half-open' && to === 'open') coverage.count('probes failed');
    else if (from !== to) coverage.count(to === 'open' ? 'circuits opened' : 'circuits closed');
  }

  return {
    wrote(process, key, version, state) {
      const target = of(key);
      if (versions.get(target.name) === version) return;
      versions.set(target.name, version);
      sim.note('', () => `${target.name} is ${JSON.stringify(state)}`);
      judge(checkTargetWrite(process, target, state));
      countChange(lastOf(target).state, state);
      target.standings.push({ at: timeline.now(), state, process });
    },

    asks(process, message) {
      addresses.set(message.messageId, message);
      const [origin, url] = [originOf(message), urlOf(message)];
      const question: Question = { process, origin, url, at: timeline.now(), clockAt: process.clock.now() };
      return (admission, isInformed) => {
        coverage.count(`admissions ${admission.kind}`);
        if (admission.kind !== 'go') sim.note(process.name, () => `${message.messageId}: ${JSON.stringify(admission)}`);
        if (admission.kind === 'go') admit(process, message, 1);
        if (admission.kind === 'held') held.add(message.messageId);
        if (isInformed && !wasSet(process)) judge(checkAdmission(question, admission, timeline.now()));
        else coverage.count('admissions by what cannot be known');
      };
    },

    turnsBack: (process, message) => void admit(process, message, -1),

    requests(process, message) {
      // What has expired goes without being asked about: a clock that is set back makes a request of it.
      const wasAdmitted = admit(process, message, -1) >= 0 || wasSet(process);
      judge(wasAdmitted ? undefined : ['admitted', `${process.name} requests ${message.messageId}`]);
    },

    targetAnswered(message, outcome) {
      if (outcome.kind !== 'response') return;
      if (outcome.statusCode === 410) urlOf(message).askedFor.add('gone');
      if (outcome.retryAfterMs !== undefined) originOf(message).askedFor.add('retry-after');
    },

    wasHeld: (name) => held.has(name),

    stuck() {
      const names = [...addresses].flatMap(([name, address]) => {
        const origin = originOf(address);
        return isStuck(origin, timeline.now()) ? [[name, origin.name] as const] : [];
      });
      return new Map(names);
    },
  };
}

function wasSet(process: Process): boolean {
  const { most, least } = process.skews();
  return most !== least;
}

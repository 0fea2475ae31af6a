/**
 * Sees everything from outside: what clients were told, every change of a row, every request to a target; and says at
 * once when a promise is broken. The promises about the end of a history are in `final-checks.ts`.
 */

import { type Entry, hasEnded, type Status } from '@millrace/core';
import { type Broken, INVARIANTS } from './invariants.ts';
import { type Known, nothingKnown, type Running } from './known.ts';
import type { Process } from './process.ts';
import { checkAnswer, checkRequest, type Told, takeClaim } from './request-checks.ts';
import { describeRow, isSameRow, type Row } from './row.ts';
import { checkWrite, isClaim } from './row-checks.ts';
import type { Sim } from './sim.ts';
import { createTargetWitness, type TargetWitness } from './target-witness.ts';

export interface Witness {
  /** What is seen of gates. */
  readonly targets: TargetWitness;
  /** A client was told what became of its post. */
  answered(name: string, isOther: boolean, told: Told): void;
  /** A row was written, by a process, at this moment. */
  wrote(process: Process, row: Row): void;
  /** A worker makes a request. The function that it returns says that the request is over. */
  requests(process: Process, entry: Pick<Entry, 'identity' | 'request'>, deadlineMs: number): () => void;
  /** A target has answered a request. */
  targetAnswered(name: string, status: number): void;
  /** A worker was told that its SUCCESS was taken, or is no longer needed. */
  successSettled(name: string): void;
  /** Somebody begins to read a message. The function is told what was shown; undefined: nothing. */
  reading(name: string): (status: Status | undefined) => void;
  /**
   * A process begins to replay the messages of these names: until it is done they may wait without an entry, and when it
   * fails or dies, until a later replay of them is done.
   */
  replaying(process: Process, names: readonly string[]): { done(): void; failed(): void };
  /** An entry was removed. */
  checkAllReachable(): void;
  row(name: string): Row | undefined;
  rows(): readonly Row[];
  /** Those that somebody was told to be stored. */
  accepted(): readonly string[];
}

/** @param isReachable has a waiting row an entry that will bring it about? */
export function createWitness(sim: Sim, isReachable: (row: Row) => boolean): Witness {
  const { coverage } = sim;
  const targets = createTargetWitness(sim);
  const all = new Map<string, Known>();

  function of(name: string): Known {
    const known = all.get(name) ?? nothingKnown(name);
    all.set(name, known);
    return known;
  }

  /** @returns whether all is well */
  function judge(broken: Broken): boolean {
    if (broken !== undefined) sim.violate(INVARIANTS[broken[0]], broken[1]);
    return broken === undefined;
  }

  function findUnreachable({ name, row, isAccepted, replays }: Known): Broken {
    if (!isAccepted || replays.size > 0) return undefined;
    if (row === undefined) return ['kept', `${name} has no row`];
    return hasEnded(row) || isReachable(row) ? undefined : ['reachable', `${name}: ${describeRow(row)}`];
  }

  return {
    targets,

    answered(name, isOther, told) {
      const known = of(name);
      coverage.count(`posts ${told}`);
      if (!judge(checkAnswer(known, isOther, told)) || told === 'conflict') return;
      known.wasFirst ||= told === 'accepted';
      known.isAccepted = true;
      known.isOther = isOther;
      judge(findUnreachable(known));
    },

    wrote(process, row) {
      const known = of(row.name);
      const { row: before } = known;
      if (before !== undefined && isSameRow(before, row)) return;
      sim.note('', () => `${row.name} is ${describeRow(row)}`);
      const broken = checkWrite(process, known, row, targets.wasHeld(row.name));
      known.row = row;
      known.statuses.push(row.status);
      if (!judge(broken)) return;
      if (isClaim(before, row)) known.claims.push({ process, row, isUsed: false });
      count(before, row);
      judge(findUnreachable(known));
    },

    requests(process, { identity, request }, deadlineMs) {
      const { messageId: name } = identity;
      coverage.count('requests');
      targets.requests(process, identity);
      const known = of(name);
      const claim = takeClaim(known, process);
      if (claim === undefined) {
        judge(['claimed', `${process.name} requests ${name}`]);
        return () => undefined;
      }
      const { replays, due } = claim.row;
      const number = (known.requests.get(replays) ?? 0) + 1;
      known.requests.set(replays, number);
      judge(checkRequest(known, claim, request, number));
      const running: Running = { process, slack: (due ?? 0) - (process.clock.now() + deadlineMs) };
      known.running.add(running);
      return () => known.running.delete(running);
    },

    targetAnswered: (name, status) => void of(name).answers.add(status),

    successSettled(name) {
      const { statuses } = of(name);
      const hasEndedOnce = statuses.some((status) => hasEnded({ status }));
      judge(hasEndedOnce ? undefined : ['delivered', `${name} was delivered, and is ${statuses.at(-1)}`]);
    },

    reading(name) {
      const { statuses } = of(name);
      const seen = statuses.length;
      return (status) => {
        coverage.count('reads');
        const possible = [...(seen === 0 ? [undefined] : []), ...statuses.slice(Math.max(0, seen - 1))];
        const isTrue = possible.includes(status);
        judge(isTrue ? undefined : ['reader', `${name} was shown as ${status}, it was ${possible.join(', ')}`]);
      };
    },

    replaying(process, names) {
      const replay = { isOver: false };
      const fail = (): void => {
        replay.isOver = true;
      };
      process.onDeath(fail);
      const mended = names.map(of).map((known) => {
        const cutOff = [...known.replays].filter(({ isOver }) => isOver);
        known.replays.add(replay);
        return { known, replays: [...cutOff, replay] };
      });
      return {
        failed: fail,
        done() {
          for (const { known, replays } of mended) {
            for (const one of replays) known.replays.delete(one);
            judge(findUnreachable(known));
          }
        },
      };
    },

    checkAllReachable() {
      for (const known of all.values()) judge(findUnreachable(known));
    },

    row: (name) => of(name).row,
    rows: () => [...all.values()].flatMap(({ row }) => row ?? []),
    accepted: () => [...all.values()].flatMap(({ name, isAccepted }) => (isAccepted ? [name] : [])),
  };

  function count(before: Row | undefined, row: Row): void {
    if (before?.status === 'PROCESSING' && isClaim(before, row)) coverage.count('takeovers');
    if (before?.status === 'FAILED' && row.status === 'QUEUED') coverage.count('replays');
    if (row.status === 'SUCCESS') coverage.count('delivered');
    if (row.status === 'FAILED') coverage.count(`failed ${row.reason}`);
  }
}

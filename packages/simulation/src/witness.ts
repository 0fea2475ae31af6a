/**
 * Sees everything from outside: what clients were told, every change of a row, every request to a target; and says at
 * once when a promise is broken. The promises about the end of a history are in `final-checks.ts`.
 */

import { contentHash, type Entry, hasEnded, type Status } from '@millrace/core';
import { INVARIANTS, type InvariantName } from './invariants.ts';
import { hashOf, type SimMessage } from './messages.ts';
import type { Process } from './process.ts';
import { describeRow, type Row } from './row.ts';
import { checkChange, checkClaim, checkSettle, type Claim } from './row-checks.ts';
import type { Sim } from './sim.ts';

/** A request under way. */
export interface RunningRequest {
  /** Its answer has come, or its deadline. */
  end(): void;
}

/** What is known of one message. */
interface Known {
  readonly message: SimMessage | undefined;
  row: Row | undefined;
  /** The content that a client was told to be accepted. */
  acceptedHash: string | undefined;
  wasTold: boolean;
  claims: Claim[];
  running: (Running | undefined)[];
  /** Requests that workers began, by plan: the number of replays before it. */
  readonly requests: Map<number, number>;
  /** Statuses that targets answered. */
  readonly answers: Set<number>;
  /** Replays under way, and those that were cut off and not made good since. */
  readonly replays: Set<{ isOver: boolean }>;
  wasFailed: boolean;
  /** All that its row has been, in order. */
  readonly statuses: Status[];
}

interface Running {
  readonly process: Process;
  readonly claim: Claim;
  /** Milliseconds by which the lease outlives the request. */
  readonly slack: number;
}

type RequestedEntry = Pick<Entry, 'identity' | 'request'>;

export interface Witness {
  /** A client was told. */
  answered(message: SimMessage, isOther: boolean, result: 'accepted' | 'duplicate' | 'conflict'): void;
  /** A row was written, by a process, at this moment. */
  wrote(process: Process, row: Row): void;
  /** A worker makes a request of an entry. */
  requests(process: Process, entry: RequestedEntry, deadlineMs: number): RunningRequest;
  /** A target has answered a request. */
  targetAnswered(name: string, status: number): void;
  /** A worker was told that its SUCCESS was taken, or is no longer needed. */
  successSettled(name: string): void;
  /** Somebody begins to read a message; told what was shown (undefined: nothing), it says whether that was there. */
  reading(name: string): (status: Status | undefined) => void;
  /**
   * A process begins to replay the messages of these names: until it is done they may wait without an entry, and when it
   * fails or dies, until a later replay of them is done.
   */
  replaying(process: Process, names: readonly string[]): { done(): void; failed(): void };
  row(name: string): Row | undefined;
  rows(): readonly Row[];
  /** Accepted: somebody was told so. */
  accepted(): readonly string[];
}

/** @param isReachable has a waiting row an entry that will bring it about? */
export function createWitness(sim: Sim, messages: readonly SimMessage[], isReachable: (row: Row) => boolean): Witness {
  const known = new Map<string, Known>();
  const { coverage } = sim;
  const violate = (name: InvariantName, detail: string): void => sim.violate(INVARIANTS[name], detail);

  function of(name: string): Known {
    const found = known.get(name);
    if (found !== undefined) return found;
    const message = messages.find((one) => one.name === name);
    const fresh: Known = {
      ...{ message, row: undefined, acceptedHash: undefined, wasTold: false, claims: [], running: [] },
      ...{ requests: new Map(), answers: new Set(), replays: new Set(), wasFailed: false, statuses: [] },
    };
    known.set(name, fresh);
    return fresh;
  }

  function mustBeReachable(name: string): boolean {
    const { acceptedHash, replays } = of(name);
    return acceptedHash !== undefined && replays.size === 0;
  }

  function checkReachable(name: string): void {
    const { row } = of(name);
    if (!mustBeReachable(name)) return;
    if (row === undefined) violate('kept', `${name} has no row`);
    else if (!hasEnded(row) && !isReachable(row)) violate('reachable', `${name}: ${describeRow(row)}`);
  }

  return {
    answered(message, isOther, result) {
      const about = of(message.name);
      const hash = hashOf(message, isOther);
      coverage.count(`posts ${result}`);
      if (about.row === undefined) return violate('kept', `${message.name} was ${result}, and has no row`);
      const isSame = about.row.contentHash === hash;
      if (isSame === (result === 'conflict')) {
        return violate('conflict', `${message.name} was ${result}, its content is ${isSame ? 'the same' : 'another'}`);
      }
      if (result === 'conflict') return;
      if (result === 'accepted' && about.wasTold) return violate('acceptedOnce', `${message.name}`);
      if (result === 'accepted') about.wasTold = true;
      about.acceptedHash = hash;
      checkReachable(message.name);
    },

    wrote(process, row) {
      const about = of(row.name);
      const before = about.row;
      if (before !== undefined && describeState(before) === describeState(row)) return;
      sim.note('', () => `${row.name} is ${describeRow(row)}`);
      about.row = row;
      about.statuses.push(row.status);
      const broken = checkChange(before, row);
      if (broken !== undefined) return violate(...broken);
      if (row.status === 'PROCESSING' && row.token !== before?.token) {
        if (before?.status === 'PROCESSING') coverage.count('takeovers');
        const broken = checkClaim(process, before, row);
        if (broken !== undefined) return violate(...broken);
        about.claims.push({ process, row, isUsed: false });
      } else if (before?.status === 'PROCESSING') {
        const claim = about.claims.find(({ row: { token } }) => token === before.token);
        const broken = checkSettle(process, before, row, claim);
        if (broken !== undefined) return violate(...broken);
        if (row.status === 'SUCCESS' && claim?.process !== process) coverage.count('late successes');
      }
      if (row.status === 'FAILED') {
        about.wasFailed = true;
        coverage.count(`failed ${row.reason}`);
        if (!isTrueReason(row, about.answers)) return violate('reason', `${row.name} is ${describeRow(row)}`);
      }
      if (row.status === 'SUCCESS') {
        coverage.count('delivered');
        const isTrue = [...about.answers].some((status) => status >= 200 && status <= 299);
        if (!isTrue) return violate('truth', `${row.name} is SUCCESS, its target has not answered 2xx`);
      }
      if (before?.status === 'FAILED' && row.status === 'QUEUED') coverage.count('replays');
      checkReachable(row.name);
    },

    requests(process, entry, deadlineMs) {
      const { messageId: name } = entry.identity;
      const about = of(name);
      const running = startRequest(about, process, entry, deadlineMs);
      coverage.count('requests');
      return {
        end() {
          const index = about.running.indexOf(running);
          if (index >= 0) about.running.splice(index, 1);
        },
      };
    },

    targetAnswered: (name, status) => void of(name).answers.add(status),

    successSettled(name) {
      const { row, wasFailed } = of(name);
      const isEnded = row?.status === 'SUCCESS' || wasFailed;
      if (!isEnded) violate('delivered', `${name} was delivered, and is ${row?.status}`);
    },

    reading(name) {
      const { statuses } = of(name);
      const first = Math.max(0, statuses.length - 1);
      return (status) => {
        coverage.count('reads');
        const possible = statuses.slice(first);
        if (status === undefined ? first === 0 : possible.includes(status)) return;
        violate('reader', `${name} was shown as ${status}, it was ${possible.join(', ')}`);
      };
    },

    replaying(process, names) {
      const replay = { isOver: false };
      const fail = (): void => {
        replay.isOver = true;
      };
      process.onDeath(fail);
      const before = names.map((name) => {
        const { replays } = of(name);
        const madeGood = [...replays].filter(({ isOver }) => isOver);
        replays.add(replay);
        return { name, madeGood: [...madeGood, replay] };
      });
      return {
        failed: fail,
        done() {
          for (const { name, madeGood } of before) {
            for (const one of madeGood) of(name).replays.delete(one);
            checkReachable(name);
          }
        },
      };
    },

    row: (name) => of(name).row,
    rows: () => [...known.values()].flatMap(({ row }) => row ?? []),
    accepted: () => [...known].flatMap(([name, { acceptedHash }]) => (acceptedHash === undefined ? [] : [name])),
  };

  function startRequest(
    about: Known,
    process: Process,
    { identity: { messageId: name }, request }: RequestedEntry,
    deadlineMs: number,
  ): Running | undefined {
    const now = process.clock.now();
    const claim = about.claims.findLast((one) => one.process === process && !one.isUsed);
    if (claim === undefined) return void violate('claimed', `${process.name} requests ${name}`);
    claim.isUsed = true;
    const { row } = claim;
    const number = (about.requests.get(row.replays) ?? 0) + 1;
    about.requests.set(row.replays, number);
    if (number > row.maxAttempts || row.attempts > row.maxAttempts) {
      return void violate('plan', `request ${number} of ${name}, attempt ${row.attempts} of ${row.maxAttempts}`);
    }
    if (now >= row.expiresAt) return void violate('expired', `${name} is requested`);
    if (contentHash(request) !== row.contentHash) return void violate('content', `another request of ${name} is made`);
    const other = about.running.find((one) => one !== undefined && one.process.isAlive() && isOverlap(one, process));
    if (other !== undefined) {
      return void violate('oneAttempt', `${process.name} requests ${name} while ${other.process.name} does`);
    }
    const running = { process, claim, slack: (row.due ?? 0) - (now + deadlineMs) };
    about.running.push(running);
    return running;
  }
}

/** Clocks that differ by more than leases outlive their requests by are the one thing that may break a lease. */
function isOverlap(running: Running, process: Process): boolean {
  const difference = process.skews().most - running.process.skews().least;
  return difference <= Math.max(0, running.slack);
}

function isTrueReason({ reason, attempts, maxAttempts }: Row, answers: ReadonlySet<number>): boolean {
  const isRefusal = (status: number): boolean => status >= 300 && status <= 499;
  if (reason === 'gone') return answers.has(410);
  if (reason === 'rejected') return [...answers].some(isRefusal);
  return reason !== 'exhausted' || attempts === maxAttempts;
}

function describeState(row: Row): string {
  return `${row.status} ${row.round} ${row.attempts} ${row.token} ${row.due} ${row.reason} ${row.replays} ${row.contentHash}`;
}

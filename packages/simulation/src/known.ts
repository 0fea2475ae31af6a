import type { Status } from '@millrace/core';
import type { Process } from './process.ts';
import type { Row } from './row.ts';

/** A claim that was won: the row as it made it. */
export interface Claim {
  readonly process: Process;
  readonly row: Row;
  /** A request was made of it. */
  isUsed: boolean;
}

/** A request under way. */
export interface Running {
  readonly process: Process;
  /** Milliseconds by which the lease outlives the request, by the clock of its process. */
  readonly slack: number;
}

/** All that is known of one message from outside of every process. */
export interface Known {
  readonly name: string;
  row: Row | undefined;
  /** All that its row has been, in order. */
  readonly statuses: Status[];
  /** A client was told that it is stored. */
  isAccepted: boolean;
  /** A client was told that its own post was the first. */
  wasFirst: boolean;
  /** Which of its two contents it has, as soon as a client or a target knows it. */
  isOther: boolean | undefined;
  readonly claims: Claim[];
  readonly running: Set<Running>;
  /** Requests that workers began, by the number of replays before them: each replay begins a plan. */
  readonly requests: Map<number, number>;
  /** Statuses that targets answered, whether or not the answer came through. */
  readonly answers: Set<number>;
  /** Replays under way, and those that were cut off and not made good since. */
  readonly replays: Set<{ isOver: boolean }>;
}

export function nothingKnown(name: string): Known {
  return {
    ...{ name, row: undefined, statuses: [], isAccepted: false, wasFirst: false, isOther: undefined },
    ...{ claims: [], running: new Set(), requests: new Map(), answers: new Set(), replays: new Set() },
  };
}

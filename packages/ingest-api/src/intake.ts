/**
 * How much the API takes on at once. A request that is too much is refused with 503 before it is read, while refusing is
 * cheap; what was let in is worked on in turn, so that its memory is bounded too.
 *
 * ```
 * enter ──▶ its body arrives ──▶ turn: one after the other, some bytes at once ──▶ parsed, stored, answered ──▶ leave
 *   └─ 503                         └─ a queue that stands: there is more to do than can be done
 * ```
 */

import { type Clock, LIMITS } from '@millrace/core';
import { type ProblemDetails, ProblemError, problemResponse } from './problem-document.ts';

export interface IntakeLimits {
  /** Requests inside at once. */
  readonly requests: number;
  /** Bytes of their bodies, as they are announced. */
  readonly bodyBytes: number;
  /** Bytes of bodies that are worked on at once: what is made of them takes many times their size. */
  readonly workBytes: number;
}

/** A request that was let in. */
export interface Visit {
  /** More of a body came than was announced. @throws ProblemError 503 */
  grow(bytes: number): void;
  /** Resolves when the body, which is there now, may be worked on. */
  turn(): Promise<void> | void;
  /** It is answered. */
  leave(): void;
}

export interface Intake {
  /**
   * Lets a request in.
   *
   * @param isOptional it can be refused for others to be served in time: its client tries again
   * @param bytes of its body, as far as they are known
   * @throws ProblemError 503
   */
  enter(isOptional: boolean, bytes: number): Visit;
  /** Would a request that can be refused be refused, however small? */
  isFull(): boolean;
}

/** Milliseconds that a queue may take to empty itself, as it does after a burst or a pause of the machine. */
const BURST_MS = 500;
/** Afterwards this part of the requests is let in: those that wait longer than needed gain nothing by it … */
const SHEDDING_PART = 1 / 16;
/** … until nobody had to be refused for so long, milliseconds. */
const SHEDDING_MS = 1_000;
/** What a small request counts for when it is worked on. */
const LEAST_WORK_BYTES = 16 * 1_024;

/** Where something else bounds what comes in. */
export const OPEN_INTAKE: Intake = {
  enter: () => ({ grow: () => {}, turn: () => {}, leave: () => {} }),
  isFull: () => false,
};

export function createIntake(limits: IntakeLimits, clock: Clock): Intake {
  let inside = 0;
  let bodyBytes = 0;
  let workBytes = 0;
  const queue: { readonly bytes: number; readonly begin: () => void }[] = [];
  /** Epoch milliseconds since which somebody waits for a turn. */
  let standsSince = 0;
  /** Epoch milliseconds. */
  let shedsUntil = 0;

  return { enter, isFull: () => isFullFor(true) };

  function enter(isOptional: boolean, announced: number): Visit {
    // More is refused when it is read, and answered as such.
    const expected = Math.min(announced, LIMITS.requestBytes);
    if (isFullFor(isOptional)) throw overloaded();
    reserveBody(expected);
    inside += 1;
    let held = expected;
    let work = 0;
    return {
      grow(bytes) {
        reserveBody(bytes);
        held += bytes;
      },
      turn() {
        work = Math.max(LEAST_WORK_BYTES, held);
        return takeTurn(work);
      },
      leave() {
        inside -= 1;
        bodyBytes -= held;
        workBytes -= work;
        beginNext();
      },
    };
  }

  function isFullFor(isOptional: boolean): boolean {
    const now = clock.now();
    if (queue.length > 0 && now - standsSince > BURST_MS) shedsUntil = now + SHEDDING_MS;
    // A clock that was set back must not keep it shedding.
    const sheds = isOptional && shedsUntil > now && shedsUntil - now <= SHEDDING_MS;
    const isFull = inside >= (sheds ? Math.ceil(limits.requests * SHEDDING_PART) : limits.requests);
    if (isFull && sheds) shedsUntil = now + SHEDDING_MS;
    return isFull;
  }

  function reserveBody(bytes: number): void {
    // One is let in however large it is.
    if (bodyBytes > 0 && bodyBytes + bytes > limits.bodyBytes) throw overloaded();
    bodyBytes += bytes;
  }

  function takeTurn(bytes: number): Promise<void> | void {
    if (queue.length === 0 && hasRoom(bytes)) {
      workBytes += bytes;
      return;
    }
    if (queue.length === 0) standsSince = clock.now();
    return new Promise((begin) => void queue.push({ bytes, begin }));
  }

  /** In the order of their coming: a large one is not overtaken for ever by small ones. */
  function beginNext(): void {
    for (let next = queue[0]; next !== undefined && hasRoom(next.bytes); next = queue[0]) {
      queue.shift();
      workBytes += next.bytes;
      next.begin();
    }
  }

  function hasRoom(bytes: number): boolean {
    return workBytes === 0 || workBytes + bytes <= limits.workBytes;
  }
}

const OVERLOADED: ProblemDetails = {
  detail: 'there is more to do than can be done at once; repeat the request',
  headers: { 'retry-after': '1' },
};

function overloaded(): ProblemError {
  return new ProblemError('unavailable', 503, OVERLOADED);
}

/**
 * Refuses new messages in front of the API while it is full, for half of what it takes to get to the same answer in it:
 * the more is refused, the more that counts. Pages in browsers need the API's own headers.
 */
export function refusingWhenFull<Rest extends unknown[]>(
  intake: Pick<Intake, 'isFull'>,
  fetch: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): typeof fetch {
  return (request, ...rest) => {
    const mayRefuse = intake.isFull() && request.method === 'POST' && NEW_MESSAGES.test(request.url);
    return mayRefuse && !request.headers.has('origin')
      ? problemResponse('unavailable', 503, OVERLOADED)
      : fetch(request, ...rest);
  };
}

const NEW_MESSAGES = /^https?:\/\/[^/]+\/messages?(?:\?|$)/;

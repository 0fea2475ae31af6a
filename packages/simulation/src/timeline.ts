/**
 * Simulated time: what will happen, in the order of its time. Between two happenings everything that the first has set
 * going comes to rest, so that a history is always the same, and time passes only when nobody has anything to do.
 */

export interface Timeline {
  /** True time in epoch milliseconds; no process sees it but through a clock of its own. */
  now(): number;
  /** Of two that come at one time, the one that was added first happens first. */
  at(time: number, action: () => void): void;
  /**
   * Until nothing is left, or the time has come, or so many things have happened, or it is stopped. What was to come
   * later is kept.
   */
  run(until?: number, happenings?: number): Promise<void>;
  /** Nothing happens any more. */
  stop(): void;
  isStopped(): boolean;
  /** Nothing is left to come. */
  isIdle(): boolean;
  /** How many things have happened. */
  happened(): number;
}

interface Happening {
  readonly time: number;
  readonly action: () => void;
}

/**
 * Turns of the event loop after which everything is at rest: what runs here waits for promises, which come to an end
 * within one, and the store of one machine puts calls off to the next turn, twice at most.
 */
const TURNS = 3;

/** @param start epoch milliseconds */
export function createTimeline(start: number): Timeline {
  const agenda: Happening[] = [];
  let now = start;
  let stopped = false;
  let happened = 0;

  return {
    now: () => now,
    at(time, action) {
      if (stopped) return;
      const happening = { time: Math.max(time, now), action };
      agenda.splice(agenda.findLastIndex((other) => other.time <= happening.time) + 1, 0, happening);
    },
    async run(until = Number.POSITIVE_INFINITY, happenings = Number.POSITIVE_INFINITY) {
      await rest();
      for (let next = agenda[0]; next !== undefined && next.time <= until; next = agenda[0]) {
        if (happened >= happenings) return;
        agenda.shift();
        now = next.time;
        happened += 1;
        next.action();
        await rest();
      }
      if (Number.isFinite(until)) now = Math.max(now, until);
    },
    stop() {
      stopped = true;
      agenda.length = 0;
    },
    isIdle: () => agenda.length === 0,
    isStopped: () => stopped,
    happened: () => happened,
  };
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

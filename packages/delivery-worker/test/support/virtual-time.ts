import { afterEach, beforeEach, jest } from '@jest/globals';
import { START_TIME } from '@millrace/core/testing';

/** Time stands still in every test of the file, at first at `START_TIME`, but for what `pass` lets pass. */
export function useVirtualTime(): void {
  beforeEach(() => {
    jest.useFakeTimers({ now: START_TIME, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
}

/** Turns of the event loop in which one thing may lead to the next. */
const TURNS = 4;

/** All that can happen without time or an answer from outside has happened. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Time passes, and all that can happen in it without an answer from outside happens. */
export async function pass(ms: number): Promise<void> {
  await settle();
  await jest.advanceTimersByTimeAsync(ms);
  await settle();
}

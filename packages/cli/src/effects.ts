/** Time that passes and chance, as arguments: tests wait for nothing and know what comes. */

import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

export interface Effects {
  /** Resolves after that many milliseconds, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
  /** A new id for a message. */
  newId(): string;
}

export const systemEffects: Effects = {
  sleep: (ms, signal) => setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  random: () => Math.random(),
  newId: () => randomUUID(),
};

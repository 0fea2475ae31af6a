import { setTimeout as pause } from 'node:timers/promises';

/** Emulated functions take their time, on a busy machine above all. */
const LIMIT_MS = 90_000;
const POLL_MS = 100;

/**
 * Asks until there is an answer other than undefined and false, and returns that.
 *
 * @param what completes "waited in vain until …"
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(POLL_MS);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is no longer undefined.
 *
 * @returns undefined when the time is up
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 20 }: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() >= deadline) return answer;
    await sleep(everyMs);
  }
}

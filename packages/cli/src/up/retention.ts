import { errorFields, type LogLines, numberFields } from '@millrace/core';

const INTERVAL_MS = 60_000;

export interface Retention {
  /** Removes what is past its days, unless that goes on already. Never throws: the log tells. */
  round(): Promise<void>;
  stop(): void;
}

/**
 * Removes again and again, for the first time in a minute.
 *
 * @param remove returns how many of each kind it has removed
 */
export function startRetention(remove: () => Promise<Readonly<Record<string, number>>>, lines: LogLines): Retention {
  let isRemoving = false;

  async function round(): Promise<void> {
    if (isRemoving) return;
    isRemoving = true;
    try {
      const removed = await remove();
      if (Object.values(removed).some((count) => count > 0)) lines.say('retention.removed', numberFields(removed));
    } catch (error) {
      lines.say('retention.held-up', errorFields(error));
    } finally {
      isRemoving = false;
    }
  }

  const timer = setInterval(() => void round(), INTERVAL_MS).unref();
  return { round, stop: () => clearInterval(timer) };
}

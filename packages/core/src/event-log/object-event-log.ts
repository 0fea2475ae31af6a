/** `EventLog` on any `ObjectStore`: an object for each batch, lines of JSON in gzip. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ATTEMPTS_PREFIX, attemptDayPrefix } from '../domain/attempt-key.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { toAttemptLine } from './attempt-line.ts';

const compress = promisify(gzip);

export function createObjectEventLog(objects: Pick<ObjectStore, 'put' | 'list' | 'delete'>): EventLog {
  return {
    async write({ key, attempts }) {
      const lines = attempts.map((attempt) => `${JSON.stringify(toAttemptLine(attempt))}\n`);
      // Without a condition: a second try puts the same bytes in the place of those that the first may have put there.
      await objects.put(key, await compress(lines.join('')));
    },

    async removeBefore(time, limit) {
      const end = attemptDayPrefix(time);
      const { objects: oldest } = await objects.list({ prefix: ATTEMPTS_PREFIX, limit });
      const old = oldest.filter(({ key }) => key < end);
      for (const { key } of old) await objects.delete(key);
      return old.length;
    },
  };
}

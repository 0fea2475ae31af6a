/**
 * A process that writes objects into a folder until it is killed: `file-store-child.ts FOLDER`.
 *
 * Writes one JSON line before and after each write: `{"event":"putting"|"put","key","version"}`, or `"deleting"` and
 * `"deleted"` with version 0.
 */

import { writeSync } from 'node:fs';
import { openFileObjectStore } from '@millrace/core/sqlite';
import { contentOf } from './file-store-content.ts';

const STDOUT = 1;
const KEYS = ['a', 'a/b', 'deep/er/down/x.json', 'deep/er/y', 'Large', 'gone/z'];

export interface WriteLine {
  readonly event: 'putting' | 'put' | 'deleting' | 'deleted';
  readonly key: string;
  readonly version: number;
}

/** Written before the next line of the program runs, so that a kill loses no line of what was certain. */
function tell(line: WriteLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

const [folder = ''] = process.argv.slice(2);
const store = await openFileObjectStore({ folder });

async function work(key: string): Promise<never> {
  for (let version = process.pid * 1_000; ; version += 1) {
    tell({ event: 'putting', key, version });
    await store.put(key, contentOf(key, version));
    tell({ event: 'put', key, version });
    if (version % 5 !== 4) continue;
    tell({ event: 'deleting', key, version: 0 });
    await store.delete(key);
    tell({ event: 'deleted', key, version: 0 });
  }
}

await Promise.all(KEYS.map(work));

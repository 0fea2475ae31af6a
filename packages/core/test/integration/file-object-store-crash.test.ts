import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFileObjectStore } from '@millrace/core/sqlite';
import type { WriteLine } from '../support/file-store-child.ts';
import { versionOf } from '../support/file-store-content.ts';
import { makeFolder } from '../support/sqlite-harness.ts';

const CHILD = fileURLToPath(new URL('../support/file-store-child.ts', import.meta.url));
const TIMEOUT_MS = 60_000;
/** After how many lines each process is killed. */
const KILLS = [1, 40, 201, 7, 350, 90, 123, 64];

/** Of a key: versions that may be there now; 0 stands for none. */
type Possible = Map<string, Set<number>>;

let folder: string;

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

/** What a line leaves possible: a write under way may or may not take effect, one that was answered has. */
function note(possible: Possible, { event, key, version }: WriteLine): void {
  if (event === 'put' || event === 'deleted') possible.set(key, new Set([version]));
  else possible.set(key, new Set([...(possible.get(key) ?? [0]), version]));
}

async function writeAndKill(possible: Possible, lines: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  const ended = once(child, 'exit');
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    // A kill can cut the last line short.
    if (!line.endsWith('}')) continue;
    note(possible, JSON.parse(line) as WriteLine);
    seen += 1;
    if (seen === lines) child.kill('SIGKILL');
  }
  await ended;
  expect(seen).toBeGreaterThanOrEqual(lines);
}

test(
  'whenever the process is killed, every object is an old one or the new one, whole, and what was answered is there',
  async () => {
    const possible: Possible = new Map();
    let cutShort = 0;
    for (const lines of KILLS) {
      await writeAndKill(possible, lines);
      cutShort += (await readdir(path.join(folder, '.tmp'))).length;
      const store = await openFileObjectStore({ folder });
      expect(await readdir(path.join(folder, '.tmp'))).toEqual([]);
      const { objects } = await store.list({ limit: 1_000 });
      const found = new Map<string, number>();
      for (const { key, etag } of objects) {
        const object = await store.get(key);
        expect(object?.etag).toBe(etag);
        found.set(key, versionOf(key, object?.bytes ?? new Uint8Array()) ?? Number.NaN);
      }
      for (const [key, versions] of possible) {
        expect([key, [...versions]]).toEqual([key, expect.arrayContaining([found.get(key) ?? 0])]);
        // The next process finds exactly this.
        possible.set(key, new Set([found.get(key) ?? 0]));
      }
    }
    // Kills did hit writes: else nothing of this was put to the test.
    expect(cutShort).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

/** A folder of visit events, and a folder for their checkpoint. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { generateVisitEvents, visitEventName } from '@millrace/checkpoint/testing';
import { type CliOptions, type CliResult, runCli } from './run-cli.ts';

export interface CheckpointFolders {
  readonly root: string;
  readonly source: string;
  readonly checkpoint: string;
  /** Writes so many events, the same for the same seed. */
  fill(count: number, seed?: number): Promise<readonly string[]>;
  put(name: string, content: string | Uint8Array): Promise<void>;
  /** Runs a command on the two. */
  run(command: string, args?: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** Runs it with `--json`, and gives what it printed. */
  json(command: string, args?: readonly string[], code?: number): Promise<Record<string, unknown>>;
}

/** New ones for each test of the file. */
export function useCheckpointFolders(): CheckpointFolders {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
    await mkdir(path.join(root, 'events'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const folders: CheckpointFolders = {
    get root() {
      return root;
    },
    get source() {
      return path.join(root, 'events');
    },
    get checkpoint() {
      return path.join(root, 'lake');
    },
    async fill(count, seed = 1) {
      const names: string[] = [];
      for (const { name, bytes } of generateVisitEvents({ count, seed, start: Date.UTC(2024, seed, 1) })) {
        await folders.put(name, bytes);
        names.push(name);
      }
      return names;
    },
    async put(name, content) {
      const file = path.join(folders.source, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    },
    run: (command, args = [], options = {}) =>
      runCli(['checkpoint', command, '--source', folders.source, '--checkpoint', folders.checkpoint, ...args], options),
    async json(command, args = [], code = 0) {
      const result = await folders.run(command, [...args, '--json']);
      if (result.code !== code) throw new Error(`ended with ${result.code}: ${result.stderr}`);
      return JSON.parse(result.stdout) as Record<string, unknown>;
    },
  };
  return folders;
}

/** A name that a source has, with content of one's own. */
export function someEventName(second = 0): string {
  const [event] = generateVisitEvents({ count: 1, seed: 99 });
  if (event === undefined) throw new Error('there is none');
  return visitEventName({ ...event.event, timestamp: Date.UTC(2025, 0, 1, 0, 0, second) * 1_000 });
}

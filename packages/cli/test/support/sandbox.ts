/** What a test of processes uses, and all of it gone afterwards, whatever happened. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ApiClient, createClient } from '../../src/client.ts';
import {
  type LaunchedMillrace,
  launchMillrace,
  type MillraceOptions,
  type MillraceProcess,
} from './millrace-process.ts';
import { type Answerer, type Receiver, startReceiver } from './receiver.ts';

export interface Sandbox {
  /** A new, empty one. */
  folder(): Promise<string>;
  launch(options: MillraceOptions): LaunchedMillrace;
  start(options: MillraceOptions): Promise<MillraceProcess>;
  receiver(answer: Answerer): Promise<Receiver>;
  client(url: string, connections?: number): ApiClient;
  /** Kills, closes and removes everything. */
  clean(): Promise<void>;
}

export function createSandbox(): Sandbox {
  const processes: LaunchedMillrace[] = [];
  const closing: (() => Promise<unknown>)[] = [];

  const launch = (options: MillraceOptions): LaunchedMillrace => {
    const launched = launchMillrace(options);
    processes.push(launched);
    return launched;
  };

  return {
    async folder() {
      const folder = await mkdtemp(path.join(tmpdir(), 'millrace-test-'));
      closing.push(() => rm(folder, { recursive: true, force: true }));
      return folder;
    },
    launch,
    start: (options) => launch(options).listening,
    async receiver(answer) {
      const receiver = await startReceiver(answer);
      closing.push(() => receiver.close());
      return receiver;
    },
    client(url, connections = 8) {
      const client = createClient({ url, now: Date.now, connections });
      closing.push(() => client.close());
      return client;
    },
    async clean() {
      await Promise.all(processes.splice(0).map((launched) => launched.end('SIGKILL')));
      await Promise.all(closing.splice(0).map((close) => close()));
    },
  };
}

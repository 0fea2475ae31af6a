/** Trino, the engine family behind Athena: started from a script beside the repository, spoken to over its HTTP API. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const SCRIPT = path.resolve(ROOT, '../shared/tools/trino-up.sh');
const FOLDER = path.join(ROOT, 'node_modules/.cache/trino');
const POLL_MS = 200;

export interface TrinoColumn {
  readonly name: string;
  /** `bigint`, `varchar`, `timestamp(3)`, … */
  readonly type: string;
}

export interface TrinoResult {
  readonly columns: readonly TrinoColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface Trino {
  /**
   * @param precision of the timestamps of tables; Athena's is milliseconds
   * @throws Error with what Trino says
   */
  run(sql: string, precision: 'MILLISECONDS' | 'MICROSECONDS'): Promise<TrinoResult>;
  stop(): Promise<void>;
}

/**
 * Starts one, in about 75 seconds the first time (0.8 GB are fetched) and 15 afterwards.
 *
 * @throws Error when this machine cannot
 */
export async function startTrino(): Promise<Trino> {
  if (!existsSync(SCRIPT)) throw new Error(`no Trino here: there is no ${SCRIPT}; --trino URL names one that runs`);
  const port = await freePort();
  const started = spawnSync(SCRIPT, [FOLDER, String(port)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const pid = Number(readFileSync(path.join(FOLDER, 'pid'), 'utf8'));
  const stop = async () => {
    if (isRunning(pid)) process.kill(pid);
    while (isRunning(pid)) await sleep(POLL_MS);
  };
  if (started.status !== 0) {
    await stop();
    throw new Error(`${SCRIPT} ended with ${started.status ?? started.signal}`);
  }
  return { ...connectTrino(`http://127.0.0.1:${port}`), stop };
}

export function connectTrino(url: string): Trino {
  return { run: (sql, precision) => runOn(url, sql, precision), stop: () => Promise.resolve() };
}

interface Answer {
  readonly nextUri?: string;
  readonly columns?: readonly TrinoColumn[];
  readonly data?: readonly (readonly unknown[])[];
  readonly error?: { readonly message: string };
}

async function runOn(url: string, sql: string, precision: string): Promise<TrinoResult> {
  const headers = {
    'X-Trino-User': 'millrace',
    'X-Trino-Catalog': 'hive',
    'X-Trino-Time-Zone': 'UTC',
    // Otherwise timestamps are sent with milliseconds, whatever they have.
    'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
    'X-Trino-Session': `hive.timestamp_precision=${precision}`,
  };
  let answer = await ask(`${url}/v1/statement`, { method: 'POST', body: sql, headers });
  let columns: readonly TrinoColumn[] = [];
  const rows: (readonly unknown[])[] = [];
  for (;;) {
    if (answer.error !== undefined) throw new Error(answer.error.message);
    columns = answer.columns ?? columns;
    rows.push(...(answer.data ?? []));
    if (answer.nextUri === undefined) return { columns, rows };
    answer = await ask(answer.nextUri, {});
  }
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}

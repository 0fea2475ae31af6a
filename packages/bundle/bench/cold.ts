/** What a function costs before its first event: from the start of its process to its question for that event. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Row } from '../../cli/bench/delivery/report.ts';
import { FUNCTIONS } from '../src/artefacts.ts';
import type { Package } from '../src/package-all.ts';
import { startFunction } from '../test/support/function-process.ts';
import { type FunctionRoot, unpackFunction } from '../test/support/function-root.ts';

const STARTS = 20;

const SETTINGS = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  MILLRACE_TABLE: 'messages',
  MILLRACE_CIRCUITS_TABLE: 'circuits',
  MILLRACE_BUCKET: 'payloads',
  MILLRACE_WORK_QUEUE_URLS: 'https://sqs.eu-central-1.amazonaws.com/000000000000/work',
  MILLRACE_DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/000000000000/dead-letters',
  MILLRACE_CALLERS_PARAMETER: '/bench/callers',
  MILLRACE_SECRETS_PREFIX: '/bench/secrets',
};

export interface LoadedModule {
  readonly path: string;
  /** Milliseconds, without the modules that it loads itself. */
  readonly ms: number;
}

export interface ColdStart {
  readonly rows: readonly Row[];
  /** Of one start, slowest first. */
  readonly modules: readonly LoadedModule[];
}

/** @param client of the runtime */
export async function measureCold(made: Package, client: string): Promise<ColdStart> {
  const rows: Row[] = [];
  const modules: LoadedModule[] = [];
  for (const spec of FUNCTIONS) {
    const root = unpackFunction(made, spec);
    try {
      const times: number[] = [];
      for (let i = 0; i < STARTS; i++) times.push(await startMs(root, client));
      times.sort((a, b) => a - b);
      const isGoal = spec.name === 'ingest-api';
      rows.push({
        name: `cold start of ${spec.name}, median of ${STARTS}`,
        value: times[STARTS / 2] ?? Number.NaN,
        unit: 'ms',
        reference: null,
        ...(isGoal && { goal: { of: 'value', atMost: 180 } }),
      });
      rows.push({ name: '  the fastest of them', value: times[0] ?? Number.NaN, unit: 'ms', reference: null });
      if (isGoal) modules.push(...(await trace(root, client)));
    } finally {
      root.remove();
    }
  }
  const ownMs = modules.filter(({ path }) => path.endsWith('.js')).reduce((sum, { ms }) => sum + ms, 0);
  rows.push({
    name: 'initialisation of ingest-api alone, one traced start',
    value: ownMs,
    unit: 'ms',
    reference: null,
  });
  return { rows, modules };
}

/** One processor, as a function of less than 1,769 MB has at the most. */
function command(options: readonly string[] = []): [string, ...string[]] {
  const taskset = '/usr/bin/taskset';
  return existsSync(taskset) ? [taskset, '-c', '0', process.execPath, ...options] : [process.execPath, ...options];
}

async function startMs(root: FunctionRoot, client: string): Promise<number> {
  const start = performance.now();
  const fn = await startFunction({
    root,
    client,
    handler: 'lambda.handler',
    environment: SETTINGS,
    command: command(),
  });
  try {
    await fn.ready();
    return performance.now() - start;
  } finally {
    await fn.stop();
  }
}

async function trace(root: FunctionRoot, client: string): Promise<readonly LoadedModule[]> {
  const options = ['--require', resolve(import.meta.dirname, 'load-trace.cjs')];
  const fn = await startFunction({
    ...{ root, client, environment: SETTINGS, handler: 'lambda.handler' },
    command: command(options),
  });
  await fn.ready();
  await fn.stop();
  const base = resolve(root.taskRoot, '../..');
  return fn
    .output()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([ms = '', path = '']) => ({ ms: Number(ms), path: path.replace(`${base}/`, '') }))
    .sort((a, b) => b.ms - a.ms);
}

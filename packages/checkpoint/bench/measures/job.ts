/** The whole job on S3: the first run over many objects, then one over a few more. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PythonError, pythonPrograms } from '../../../../scripts/python-environment.ts';
import type { Row } from '../../../cli/bench/delivery/report.ts';
import type { Child } from '../../../cli/bench/delivery/workbench.ts';
import { megabytes, type ParquetBench, type Result } from '../../../parquet/bench/bench.ts';
import { type S3Place, SOURCE } from '../programs/place.ts';

/** How many objects there are, and come. */
export interface JobSizes {
  readonly objects: number;
  readonly added: number;
  /** Of the run whose memory counts. */
  readonly manyObjects: number;
}

const LONGEST_MS = 1_800_000;
const MEGABYTES_ALLOWED = 512;

interface FoldResult extends Result {
  readonly folded: number;
}

interface Source {
  readonly place: S3Place;
  /** Adds events. */
  add(count: number): Promise<void>;
  /** Requests since it was last asked, by operation. */
  requests(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export async function job(bench: ParquetBench, { objects, added }: JobSizes): Promise<readonly Row[]> {
  bench.say(`job: writing ${objects} objects`);
  const source = await startSource(bench, objects);
  const references = await measureReferences(bench, source.place);
  await source.requests();
  const first = await fold(bench, source.place);
  const firstRequests = sumOf(await source.requests());
  assertFolded('the first run', first, objects);
  await source.add(added);
  const second = await fold(bench, source.place);
  const secondRequests = await source.requests();
  assertFolded('the second run', second, added);
  await source.add(2 * objects);
  assertFolded('a large run', await fold(bench, source.place), 2 * objects);
  await source.add(added);
  await source.requests();
  const later = await fold(bench, source.place);
  const laterRequests = sumOf(await source.requests());
  assertFolded('the later run', later, added);
  await source.close();
  const what = `first run, ${objects.toLocaleString('en-US')} objects`;
  const next = `+${added} objects on ${objects.toLocaleString('en-US')}`;
  const last = `+${added} objects on ${(3 * objects + added).toLocaleString('en-US')}`;
  return [
    ...references.rows,
    {
      ...{ name: what, value: first.seconds, unit: 's', reference: references.python ?? null },
      goal: { of: 'value', atMost: 4 },
      note: `${firstRequests} requests, ${first.cpuSeconds.toFixed(2)} s of CPU; the reference is the Python program`,
    },
    { name: `${what}: peak memory`, value: megabytes(first.peakBytes), unit: 'MB', reference: null },
    {
      ...{ name: next, value: second.seconds, unit: 's', reference: references.python ?? null },
      goal: { of: 'value', atMost: 1 },
      note: `${second.cpuSeconds.toFixed(2)} s of CPU`,
    },
    {
      ...{ name: `${next}: requests`, value: sumOf(secondRequests), unit: 'requests', reference: null },
      goal: { of: 'value', atMost: 140 },
      note: Object.entries(secondRequests)
        .map(([operation, count]) => `${count} ${operation}`)
        .join(', '),
    },
    { name: last, value: later.seconds, unit: 's', reference: second.seconds, goal: { of: 'ratio', atMost: 1.5 } },
    {
      ...{ name: `${last}: requests`, value: laterRequests, unit: 'requests', reference: sumOf(secondRequests) },
      goal: { of: 'value', atMost: 140 },
    },
  ];
}

export async function memory(bench: ParquetBench, { manyObjects }: JobSizes): Promise<readonly Row[]> {
  bench.say(`memory: writing ${manyObjects} objects`);
  const source = await startSource(bench, manyObjects);
  const result = await fold(bench, source.place);
  await source.close();
  assertFolded('the run', result, manyObjects);
  return [
    {
      name: `first run, ${manyObjects.toLocaleString('en-US')} objects: peak memory`,
      ...{ value: megabytes(result.peakBytes), unit: 'MB', reference: null },
      goal: { of: 'value', atMost: MEGABYTES_ALLOWED },
      note: `${result.seconds.toFixed(1)} s`,
    },
  ];
}

async function startSource(bench: ParquetBench, events: number): Promise<Source> {
  const child = bench.workbench.start(process.execPath, [programFile('source'), JSON.stringify({ events })]);
  const place: S3Place = JSON.parse(await child.nextLine(LONGEST_MS));
  const ask = async (command: object): Promise<Readonly<Record<string, number>>> => {
    child.process.stdin?.write(`${JSON.stringify(command)}\n`);
    return JSON.parse(await child.nextLine(LONGEST_MS));
  };
  return {
    place,
    add: async (count) => void (await ask({ add: count })),
    requests: () => ask({ reset: true }),
    close: () => child.end('SIGKILL'),
  };
}

async function fold(bench: ParquetBench, place: S3Place): Promise<FoldResult> {
  const child = bench.workbench.start(process.execPath, [programFile('fold'), JSON.stringify(place)]);
  return await resultOf<FoldResult>(child);
}

interface ReferenceResult {
  readonly seconds: { readonly all: number };
  readonly cpu_seconds: number;
  readonly peak_bytes: number;
}

async function measureReferences(
  bench: ParquetBench,
  { url, region, credentials }: S3Place,
): Promise<{ readonly rows: readonly Row[]; readonly python: number | undefined }> {
  const args = ['--bucket', SOURCE, '--endpoint', url, '--region', region];
  const environment = {
    ...process.env,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const measure = async (name: string, command: string, script: string): Promise<Row & { readonly value: number }> => {
    const child = bench.workbench.start(command, [script, ...args], environment);
    const result = await resultOf<ReferenceResult>(child);
    const note = `${result.cpu_seconds.toFixed(2)} s of CPU, ${megabytes(result.peak_bytes).toFixed(0)} MB at the peak`;
    return { name: `reference: ${name}`, value: result.seconds.all, unit: 's', reference: null, note };
  };
  const retrieval = await measure('the AWS SDK, retrieval alone', process.execPath, referenceFile('retrieve.ts'));
  try {
    const requirements = readFileSync(referenceFile('requirements.txt'), 'utf8').trim().split('\n');
    const needs = { name: 'checkpoint-reference', reader: 'the reference of the job', minimum: '3.9', requirements };
    const python = join(await pythonPrograms(needs), 'python');
    const job = await measure('the same job in Python', python, referenceFile('fold.py'));
    return { rows: [retrieval, job], python: job.value };
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    bench.say(`the Python program is not measured: ${error.message}`);
    return { rows: [retrieval], python: undefined };
  }
}

async function resultOf<R>(child: Child): Promise<R> {
  const result: R = JSON.parse(await child.nextLine(LONGEST_MS));
  await child.end('SIGKILL');
  return result;
}

function assertFolded(what: string, { folded }: FoldResult, events: number): void {
  if (folded !== events) throw new Error(`${what} folded ${folded} events of ${events}`);
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function programFile(name: string): string {
  return new URL(`../programs/${name}.ts`, import.meta.url).pathname;
}

function referenceFile(name: string): string {
  return new URL(`../reference/${name}`, import.meta.url).pathname;
}

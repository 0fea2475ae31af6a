/** The processes of the benchmark, as functions. */

import { fileURLToPath } from 'node:url';
import type { Stats } from '../../src/api-shapes.ts';
import type { FileRequest, FilesSent } from './file-sender.ts';
import type { GeneratorJob, GeneratorResult } from './generator.ts';
import type { HeldStats, ReceiverStats } from './receiver.ts';
import { waitFor } from './wait-for.ts';
import type { Child, Workbench } from './workbench.ts';

const LAUNCHER = fileURLToPath(new URL('../../../../scripts/millrace', import.meta.url));
const RECEIVER = fileURLToPath(new URL('receiver.ts', import.meta.url));
const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url));
const FILE_SENDER = fileURLToPath(new URL('file-sender.ts', import.meta.url));

const START_LIMIT_MS = 60_000;
/** Beyond its own time, what a run may take for answers that are slow to come. */
const GENERATOR_GRACE_MS = 60_000;
const FILES_LIMIT_MS = 60_000;

export interface Receiver {
  readonly pid: number;
  /** The target of messages. */
  readonly hook: string;
  reset(first: number, count: number): Promise<void>;
  stats(): Promise<ReceiverStats>;
  arrivals(): Promise<Float64Array>;
  hold(): Promise<void>;
  release(): Promise<void>;
  held(): Promise<HeldStats>;
}

export async function startReceiver(workbench: Workbench): Promise<Receiver> {
  const child = workbench.start(process.execPath, [RECEIVER]);
  const { hook, control }: { hook: string; control: string } = JSON.parse(await child.nextLine(START_LIMIT_MS));
  const ask = async (method: string, path: string) => {
    const response = await fetch(control + path, { method });
    if (!response.ok) throw new Error(`receiver: ${method} ${path} answered ${response.status}`);
    return response;
  };
  const post = async (path: string) => void (await (await ask('POST', path)).arrayBuffer());
  const get = async <T>(path: string): Promise<T> => (await (await ask('GET', path)).json()) as T;
  return {
    pid: child.pid,
    hook,
    reset: (first, count) => post(`/reset?first=${first}&count=${count}`),
    stats: () => get<ReceiverStats>('/stats'),
    arrivals: async () => new Float64Array(await (await ask('GET', '/arrivals')).arrayBuffer()),
    hold: () => post('/hold'),
    release: () => post('/release'),
    held: () => get<HeldStats>('/held'),
  };
}

interface Generator {
  readonly result: Promise<GeneratorResult>;
  /** Ends it early; the result then holds what was done. */
  stop(): Promise<void>;
}

export function startGenerator(workbench: Workbench, job: GeneratorJob): Generator {
  const child = workbench.start(process.execPath, [GENERATOR, JSON.stringify(job)]);
  const result = child.nextLine(job.forMs + GENERATOR_GRACE_MS).then((line): GeneratorResult => JSON.parse(line));
  return { result, stop: () => child.end('SIGTERM') };
}

/** Sends them all at once. */
export async function sendFiles(workbench: Workbench, requests: readonly FileRequest[]): Promise<FilesSent> {
  const child = workbench.start(process.execPath, [FILE_SENDER, JSON.stringify(requests)]);
  return JSON.parse(await child.nextLine(FILES_LIMIT_MS));
}

export interface Millrace {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from its start until it listened. */
  readonly startedInMs: number;
  /** What callers have to show. */
  readonly key: string | undefined;
  stats(): Promise<Stats>;
  /** A clean end. */
  stop(): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
}

interface MillraceOptions {
  readonly data: string;
  readonly port?: number;
  /** False: accept only. */
  readonly delivery?: boolean;
  /** False: no circuit breaker. */
  readonly breaker?: boolean;
  /** One of the folder's, see `createKey`; callers need one when there is any. */
  readonly key?: string;
}

/** Makes a key in a folder that nothing uses, for all senders. From then on callers have to show one. */
export async function createKey(workbench: Workbench, data: string): Promise<string> {
  const args = ['key', 'create', '--data', data, '--name', 'bench', '--all-senders'];
  const child = workbench.start(LAUNCHER, args, environment({}));
  const key = await child.nextLine(START_LIMIT_MS);
  await child.end('SIGTERM');
  return key;
}

export async function startMillrace(workbench: Workbench, options: MillraceOptions): Promise<Millrace> {
  const { data, port = 0, key } = options;
  const startedAt = performance.now();
  const args = ['up', '--data', data, '--port', String(port), '--json'];
  const child = workbench.start(LAUNCHER, args, environment(options));
  const url = await readUrl(child);
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid,
    startedInMs: performance.now() - startedAt,
    key,
    stats: async () => (await (await fetch(`${url}/stats`, { headers: keyHeaders(key) })).json()) as Stats,
    stop: () => child.end('SIGTERM'),
    kill: () => child.end('SIGKILL'),
  };
}

function keyHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

/** Settings of whoever runs the benchmark do not count. */
function environment({ delivery = true, breaker = true }: Partial<MillraceOptions>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_'));
  return {
    ...Object.fromEntries(own),
    MILLRACE_ALLOW_HTTP: 'true',
    MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
    MILLRACE_DELIVERY: delivery ? 'on' : 'off',
    MILLRACE_CIRCUIT_BREAKER: breaker ? 'on' : 'off',
  };
}

async function readUrl(child: Child): Promise<string> {
  const event: { event: string; url: string } = JSON.parse(await child.nextLine(START_LIMIT_MS));
  if (event.event !== 'listening') throw new Error(`millrace up: expected "listening", got "${event.event}"`);
  return event.url;
}

/** Waits until every message has ended; true when they have. */
export async function waitUntilSettled(millrace: Millrace, timeoutMs: number): Promise<boolean> {
  const ask = async () => ((await millrace.stats()).waiting === 0 ? true : undefined);
  return (await waitFor(ask, { timeoutMs, everyMs: 100 })) ?? false;
}

/** Waits until so many messages have come to the receiver, and returns its last word either way. */
export async function waitForArrivals(receiver: Receiver, count: number, timeoutMs: number): Promise<ReceiverStats> {
  const ask = async () => {
    const stats = await receiver.stats();
    return stats.distinct >= count ? stats : undefined;
  };
  return (await waitFor(ask, { timeoutMs, everyMs: 50 })) ?? (await receiver.stats());
}

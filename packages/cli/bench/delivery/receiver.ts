/**
 * The target of the benchmark, a process of its own: node:http that answers 200, and notes when each message came.
 *
 * Prints `{hook, control}`, its two addresses. It ends when its standard input does, so that it cannot outlive the
 * benchmark. Its control address answers:
 *
 * - `POST /reset?first=N&count=N`: notes arrivals of these numbers only, and answers everything again
 * - `GET /stats`: `ReceiverStats`
 * - `GET /arrivals`: a Float64Array, one monotonic time (ms) for each number, NaN for those that did not come
 * - `POST /hold`: answers nothing from now on
 * - `POST /release`: drops what is held, answers again, and notes when what was held comes again
 * - `GET /held`: `HeldStats`
 */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readNumber } from '../../src/load/request-bodies.ts';
import { monotonicMs } from './monotonic.ts';

export interface ReceiverStats {
  /** Requests for the noted numbers. */
  readonly requests: number;
  /** Noted numbers that came at least once. */
  readonly distinct: number;
  /** Monotonic milliseconds; null when nothing came. */
  readonly firstMs: number | null;
  /** When the last of the distinct ones came for the first time. */
  readonly lastMs: number | null;
  /** When the last body of them had come as a whole. */
  readonly lastEndMs: number | null;
  /** Of the bodies of them. */
  readonly bytes: number;
  /** Requests under way at once, at the most, whatever their numbers. */
  readonly mostAtOnce: number;
  /** Connections that were made to the target. */
  readonly connections: number;
  readonly nowMs: number;
}

export interface HeldStats {
  /** Messages whose answer was held back. */
  readonly held: number;
  /** When each of them that came again did, monotonic milliseconds. */
  readonly againMs: readonly number[];
}

let first = 0;
let arrivals = new Float64Array(0);
let requests = 0;
let distinct = 0;
let firstMs: number | null = null;
let lastMs: number | null = null;
let lastEndMs: number | null = null;
let bytes = 0;
let underWay = 0;
let mostAtOnce = 0;
let connections = 0;
let isHolding = false;
let heldResponses: ServerResponse[] = [];
/** Numbers whose answer was held back, and when they came again. */
let held = new Map<number, number | undefined>();

function reset(from: number, count: number): void {
  first = from;
  arrivals = new Float64Array(count).fill(Number.NaN);
  requests = 0;
  distinct = 0;
  firstMs = null;
  lastMs = null;
  lastEndMs = null;
  bytes = 0;
  mostAtOnce = underWay;
  connections = 0;
  isHolding = false;
  heldResponses = [];
  held = new Map();
}

function isNoted(number: number | undefined): boolean {
  return number !== undefined && number >= first && number < first + arrivals.length;
}

function note(number: number, now: number): void {
  if (!isNoted(number)) return;
  const index = number - first;
  requests += 1;
  if (!Number.isNaN(arrivals[index])) return;
  arrivals[index] = now;
  distinct += 1;
  firstMs ??= now;
  lastMs = now;
}

function noteHeld(number: number, now: number, response: ServerResponse): void {
  if (isHolding) {
    held.set(number, undefined);
    heldResponses.push(response);
  } else if (held.has(number) && held.get(number) === undefined) {
    held.set(number, now);
  }
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  let number: number | undefined;
  underWay += 1;
  mostAtOnce = Math.max(mostAtOnce, underWay);
  response.once('close', () => {
    underWay -= 1;
  });
  request.on('data', (chunk: Buffer) => {
    if (number === undefined) {
      const now = monotonicMs();
      number = readNumber(chunk) ?? -1;
      note(number, now);
      if (isHolding || held.size > 0) noteHeld(number, now, response);
    }
    if (isNoted(number)) bytes += chunk.length;
  });
  request.on('end', () => {
    if (isNoted(number)) lastEndMs = monotonicMs();
    if (!isHolding) response.end();
  });
}

function release(): void {
  isHolding = false;
  for (const response of heldResponses) response.destroy();
  heldResponses = [];
}

function control(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  switch (`${request.method} ${pathname}`) {
    case 'POST /reset':
      reset(Number(searchParams.get('first')), Number(searchParams.get('count')));
      return void response.end('{}');
    case 'POST /hold':
      isHolding = true;
      return void response.end('{}');
    case 'POST /release':
      release();
      return void response.end('{}');
    case 'GET /stats': {
      const stats: ReceiverStats = {
        ...{ requests, distinct, firstMs, lastMs, lastEndMs, bytes, mostAtOnce, connections },
        nowMs: monotonicMs(),
      };
      return void response.end(JSON.stringify(stats));
    }
    case 'GET /held': {
      const againMs = [...held.values()].filter((time) => time !== undefined);
      const stats: HeldStats = { held: held.size, againMs };
      return void response.end(JSON.stringify(stats));
    }
    case 'GET /arrivals':
      return void response.end(Buffer.from(arrivals.buffer));
    default:
      response.writeHead(404).end();
  }
}

function countConnection(): void {
  connections += 1;
}

/** Connections stay open between the measures. */
const KEEP_ALIVE_MS = 120_000;

function listen(listener: RequestListener, onConnection: () => void = () => {}): Promise<string> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener).on('connection', onConnection);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve(`http://127.0.0.1:${port}`);
    });
  });
}

const [hook, controlUrl] = await Promise.all([listen(receive, countConnection), listen(control)]);
process.stdin.resume().on('end', () => process.exit(0));
// Ctrl-C reaches every process of the group; the benchmark ends this one when it is done with it.
process.on('SIGINT', () => {});
process.stdout.write(`${JSON.stringify({ hook: `${hook}/hook`, control: controlUrl })}\n`);

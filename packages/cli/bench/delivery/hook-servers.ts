/** Targets in this process, each an origin of its own: they note when each message came, and one of them can be dead. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readNumber } from '../../src/load/request-bodies.ts';
import { monotonicMs } from './monotonic.ts';

export interface HookServer {
  readonly url: string;
  /** When each message came for the first time, by its number; monotonic milliseconds. */
  readonly arrivals: ReadonlyMap<number, number>;
  /** From now on it accepts connections and requests, and answers nothing. */
  die(): void;
  /** Requests that it left without an answer. */
  hanging(): number;
  close(): void;
}

const KEEP_ALIVE_MS = 120_000;

export async function startHookServer(): Promise<HookServer> {
  const arrivals = new Map<number, number>();
  let isDead = false;
  let hanging = 0;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    request.once('data', (chunk: Buffer) => {
      const number = readNumber(chunk);
      if (number !== undefined && !arrivals.has(number)) arrivals.set(number, monotonicMs());
    });
    request.on('end', () => {
      if (isDead) hanging += 1;
      else response.end();
    });
    request.resume();
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    arrivals,
    die() {
      isDead = true;
    },
    hanging: () => hanging,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

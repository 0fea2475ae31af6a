/** Three receivers on this machine: one healthy, one that fails twice for every message, one that is down. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256, type TargetName } from './webhooks.ts';

/** What a receiver saw of one message; its key is the `webhook-id`. */
interface Reception {
  /** Answered with 200. */
  delivered: number;
  /** All requests. */
  requests: number;
  /** SHA-256 of each body, and the `X-GitHub-Event` header, of the deliveries. */
  readonly digests: Set<string>;
  readonly events: Set<string>;
}

export interface Targets {
  readonly urls: Readonly<Record<TargetName, string>>;
  readonly received: Readonly<Record<TargetName, Map<string, Reception>>>;
  /** Deliveries so far, repeats included. */
  delivered(): number;
  bringBack(): void;
  close(): void;
}

const FLAKY_FAILURES = 2;

export async function startTargets(): Promise<Targets> {
  const received = { healthy: new Map(), flaky: new Map(), down: new Map() } satisfies Targets['received'];
  let isDown = true;
  let delivered = 0;

  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1) as TargetName;
    if (name === 'down' && isDown) {
      request.socket.destroy();
      return;
    }
    readBody(request, (body) => {
      const reception = findReception(received[name], String(request.headers['webhook-id']));
      reception.requests++;
      if (name === 'flaky' && reception.requests <= FLAKY_FAILURES) return answer(response, 503);
      reception.delivered++;
      reception.digests.add(sha256(body));
      reception.events.add(String(request.headers['x-github-event']));
      delivered++;
      return answer(response, 200);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    urls: { healthy: `${base}/healthy`, flaky: `${base}/flaky`, down: `${base}/down` },
    received,
    delivered: () => delivered,
    bringBack() {
      isDown = false;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function findReception(receptions: Map<string, Reception>, id: string): Reception {
  const known = receptions.get(id);
  if (known !== undefined) return known;
  const fresh: Reception = { delivered: 0, requests: 0, digests: new Set(), events: new Set() };
  receptions.set(id, fresh);
  return fresh;
}

function readBody(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(Buffer.concat(chunks)));
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

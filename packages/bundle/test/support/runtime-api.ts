/** Lambda's Runtime API, as one execution environment sees it: hands out events one by one and takes the answers. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Invocation =
  | { readonly kind: 'response'; readonly payload: unknown }
  | { readonly kind: 'error'; readonly error: RuntimeError };

/** As the runtime client reports it. */
interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export interface RuntimeApi {
  /** Host and port, as in `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Ends when the function asks for its first event. */
  readonly ready: Promise<void>;
  /** Ends when the function could not be initialised. */
  readonly initError: Promise<RuntimeError>;
  /** Hands an event to the function when it asks for the next, and waits for what comes of it. */
  invoke(event: unknown, timeoutMs?: number): Promise<Invocation>;
  close(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly event: unknown;
  readonly timeoutMs: number;
  readonly end: (invocation: Invocation) => void;
}

const PREFIX = '/2018-06-01/runtime';
/** More than the worker needs for a delivery. */
const TIMEOUT_MS = 60_000;

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const ready = Promise.withResolvers<void>();
  const initError = Promise.withResolvers<RuntimeError>();
  const waiting: Pending[] = [];
  const running = new Map<string, Pending>();
  let asking: ServerResponse | undefined;

  /** Lambda never gives a function two events at once: it asks for the next when it is done. */
  function handOut(): void {
    if (asking === undefined) return;
    const next = waiting.shift();
    if (next === undefined) return;
    running.set(next.id, next);
    asking.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': String(Date.now() + next.timeoutMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:000000000000:function:function',
      'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
    });
    asking.end(JSON.stringify(next.event));
    asking = undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.slice(PREFIX.length) ?? '';
    if (path === '/invocation/next') {
      asking = response;
      ready.resolve();
      handOut();
      return;
    }
    const body: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString() || 'null');
    const [, id = '', what = ''] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const pending = running.get(id);
    running.delete(id);
    if (path === '/init/error') initError.resolve(readError(body));
    else if (pending === undefined) return void response.writeHead(404).end();
    else if (what === 'error') pending.end({ kind: 'error', error: readError(body) });
    else pending.end({ kind: 'response', payload: body });
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    ready: ready.promise,
    initError: initError.promise,
    invoke(event, timeoutMs = TIMEOUT_MS) {
      return new Promise((end) => {
        waiting.push({ id: randomUUID(), event, timeoutMs, end });
        handOut();
      });
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function readError(body: unknown): RuntimeError {
  const { errorType = '', errorMessage = '' } = body as Partial<RuntimeError>;
  return { errorType, errorMessage };
}

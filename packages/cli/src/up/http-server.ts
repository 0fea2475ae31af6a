/** Serves a fetch handler on Node's HTTP server, with limits that keep slow clients from holding it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { MillraceError } from '@millrace/core';

/** The address cannot be listened on. */
class ListenError extends MillraceError {
  constructor(message: string, options: ErrorOptions) {
    super('listen', message, options);
  }
}

export interface HttpServer {
  readonly url: string;
  /** Takes no more connections, and waits for requests under way; after `limitMs` they are cut off. */
  close(limitMs: number): Promise<void>;
}

/** Milliseconds that a client may take. */
export interface TimeLimits {
  /** For a whole request but an upload; and of an upload, some part must come in as long. */
  readonly requestMs: number;
  /** For an upload: a PUT. */
  readonly uploadMs: number;
}

const HEADERS_TIMEOUT_MS = 10_000;
const TIME_LIMITS: TimeLimits = { requestMs: 60_000, uploadMs: 30 * 60_000 };
const KEEP_ALIVE_MS = 65_000;

/** @throws ListenError */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  host: string,
  port: number,
  limits: TimeLimits = TIME_LIMITS,
): Promise<HttpServer> {
  const serve = getRequestListener(fetch);
  const underWay = new Set<ServerResponse>();
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: limits.uploadMs, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      limitTime(request, limits.requestMs);
      underWay.add(response);
      response.once('close', () => {
        underWay.delete(response);
        if (!server.listening) server.closeIdleConnections();
      });
      if (!server.listening) response.shouldKeepAlive = false;
      void serve(request, response);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { address, family, port: boundPort } = server.address() as AddressInfo;
  const urlHost = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${urlHost}:${boundPort}`, close: (limitMs) => close(server, underWay, limitMs) };
}

/** Node has one limit for all requests, which is that of uploads. */
function limitTime(request: IncomingMessage, limitMs: number): void {
  const { socket } = request;
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    const moves = request.method === 'PUT' && socket.bytesRead > seen;
    seen = socket.bytesRead;
    if (moves || request.complete) return;
    socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
    socket.destroySoon();
  }, limitMs).unref();
  request.once('end', () => clearInterval(timer)).once('close', () => clearInterval(timer));
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const cause = { cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(`port ${port} is in use: choose another with --port (0 takes any that is free)`, cause);
    case 'EACCES':
      return new ListenError(`no permission to listen on port ${port}: choose one above 1023 with --port`, cause);
    default:
      return new ListenError(`cannot listen on ${host}:${port}: ${error.message}`, cause);
  }
}

async function close(server: Server, underWay: ReadonlySet<ServerResponse>, limitMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Node keeps a connection open that was in use when the server closed, and goes on serving it: a client that never
  // pauses would hold the shutdown up. Each answer under way is the last of its connection.
  for (const response of underWay) response.shouldKeepAlive = false;
  const timer = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearTimeout(timer);
}

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  /** Drop the connection in place of an answer. */
  readonly drop?: boolean;
}

/** A server on a port of its own that keeps what it gets and answers as it is told. */
export interface LoadServer {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

/** @param reply is asked once for each request, in order of arrival; a promise holds the answer back */
export async function startLoadServer(
  reply: (request: Received, index: number) => Reply | Promise<Reply>,
): Promise<LoadServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { method = '', url: path = '', headers } = request;
      const entry = { method, path, headers, body: Buffer.concat(chunks).toString() };
      received.push(entry);
      const { status, body, drop } = await reply(entry, received.length - 1);
      if (drop === true) request.socket.destroy();
      else response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

/** A port on which nothing listens. */
export async function closedPortUrl(): Promise<string> {
  const server = await startLoadServer(() => ({ status: 200 }));
  await server.close();
  return server.url;
}

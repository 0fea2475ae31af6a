import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it came: header names and values alternate in `rawHeaders`, in the order and case of the wire. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface HttpServer {
  /** Its origin, without a slash at the end. */
  readonly url: string;
  readonly received: readonly Received[];
  /** How many connections were opened to it. */
  connections(): number;
  /** Waits until no connection is open. */
  connectionsEnded(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A server on a free port of 127.0.0.1 that keeps every request.
 *
 * @param answer is called when a request has come in whole
 */
export async function startHttpServer(
  answer: (response: ServerResponse, request: Received) => void = (response) => response.end(),
): Promise<HttpServer> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', rawHeaders } = incoming;
      const request = { method, path, rawHeaders, body: Buffer.concat(chunks) };
      received.push(request);
      answer(response, request);
    });
  });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    connections: () => connections,
    async connectionsEnded() {
      // Not `once`: a request that breaks off is an error of its connection.
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

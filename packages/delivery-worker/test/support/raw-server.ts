import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface RawServer {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** How many connections were opened to it. */
  connections(): number;
  /** Resolves when the first connection has closed. */
  readonly firstClosed: Promise<void>;
  close(): Promise<void>;
}

/** A server on a free port of 127.0.0.1 that speaks whatever its handler writes. */
export function startRawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  return start(createTcpServer(), 'connection', onConnection);
}

export function startTlsServer(options: TlsOptions, onConnection: (socket: Socket) => void): Promise<RawServer> {
  return start(createTlsServer(options), 'secureConnection', onConnection);
}

/** A handler that writes the text once the request has begun to arrive. */
export function answering(text: string): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => socket.write(text));
  };
}

/** A handler that writes the text once, and then the drop again and again until the connection closes. */
export function trickling(text: string, drop: string): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      socket.write(text);
      const timer = setInterval(() => socket.write(drop), 5);
      socket.once('close', () => clearInterval(timer));
    });
  };
}

async function start(server: Server, event: string, onConnection: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let reportClosed: () => void = () => {};
  const firstClosed = new Promise<void>((resolve) => {
    reportClosed = resolve;
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      reportClosed();
    });
  });
  server.on(event, (socket: Socket) => {
    socket.on('error', () => {});
    // Reads on, so that the end of the connection is seen.
    socket.resume();
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    connections: () => connections,
    firstClosed,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** `127.0.0.1:port` where nothing listens. */
export async function closedHost(): Promise<string> {
  const server = await startRawServer(() => {});
  await server.close();
  return server.host;
}

/** A client that speaks HTTP/1.1 byte by byte, to do what no library would. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export interface RawClient {
  readonly socket: Socket;
  /** Resolves when the kernel has taken it. */
  write(text: string): Promise<void>;
  /** All that came so far. */
  received(): string;
  /** Waits for text to come that matches. */
  receives(pattern: RegExp): Promise<string>;
  /** When the server has closed the connection. */
  readonly closed: Promise<unknown>;
}

export async function connectRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  // A server that resets the connection closes it too.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return {
    socket,
    write: (text) => new Promise((resolve) => socket.write(text, () => resolve())),
    received: () => received,
    receives: (pattern) => until(`${pattern} is received`, () => (pattern.test(received) ? received : undefined)),
    closed,
  };
}

/** A request to post this value, as it goes over the wire. */
export function postText(path: string, value: unknown): string {
  const body = JSON.stringify(value);
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

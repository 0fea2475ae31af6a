/**
 * Clients of the API under test. Every answer that they get is held against the contract.
 */

import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { Answer, Contract } from './contract.ts';

interface JsonAnswer extends Answer {
  /** The body as JSON; undefined when there is none. */
  readonly json: unknown;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** What is iterated is sent chunk by chunk, without a content-length. */
  readonly body?: string | Uint8Array | Iterable<Uint8Array>;
}

export interface Client {
  /** The same client, which shows a key from now on. */
  withKey(key: string): Client;
  request(method: string, path: string, options?: RequestOptions): Promise<JsonAnswer>;
  get(path: string): Promise<JsonAnswer>;
  /** Posts JSON: a text as it is, anything else as what it is in JSON. */
  post(path: string, body: unknown): Promise<JsonAnswer>;
  /** Posts values as NDJSON, a text as it is. */
  postLines(path: string, lines: readonly unknown[]): Promise<JsonAnswer>;
  /** Writes bytes to a connection of their own; undefined when the server closes it without an answer. */
  raw(bytes: readonly (string | Uint8Array)[]): Promise<JsonAnswer | undefined>;
  close(): Promise<void>;
}

export function createClient(url: string, contract: Contract, key?: string): Client {
  const agent = new Agent({ connections: 128 });
  const { port } = new URL(url);

  const checked = (method: string, path: string, answer: Answer): JsonAnswer => {
    contract.check(method, path, answer);
    return { ...answer, json: answer.text === '' ? undefined : JSON.parse(answer.text) };
  };

  const request: Client['request'] = async (method, path, { headers = {}, body } = {}) => {
    const isChunked = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
    const response = await agent.request({
      origin: url,
      path,
      method,
      headers: key === undefined ? headers : { authorization: `Bearer ${key}`, ...headers },
      body: isChunked ? Readable.from(body) : (body ?? null),
    });
    const names = Object.entries(response.headers).map(([name, value]) => [name, value?.toString()]);
    const text = await response.body.text();
    return checked(method, path, { status: response.statusCode, headers: Object.fromEntries(names), text });
  };

  const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

  const others: Client[] = [];
  return {
    withKey(other) {
      const client = createClient(url, contract, other);
      others.push(client);
      return client;
    },
    request,
    get: (path) => request('GET', path),
    post: (path, body) =>
      request('POST', path, { headers: { 'content-type': 'application/json' }, body: asText(body) }),
    postLines: (path, lines) =>
      request('POST', path, {
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.map(asText).join('\n'),
      }),
    async raw(bytes) {
      const answer = await exchange(Number(port), bytes);
      const [method = '', path = ''] = Buffer.concat(bytes.map((part) => Buffer.from(part)))
        .toString('latin1')
        .split(' ');
      return answer && checked(method, path, answer);
    },
    async close() {
      await agent.destroy();
      for (const other of others) await other.close();
    },
  };
}

/** Writes everything, whether or not it is read, and reads one answer with a content-length. */
function exchange(port: number, bytes: readonly (string | Uint8Array)[]): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1');
    const finish = (answer: Answer | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
      const answer = parseAnswer(received);
      if (answer !== undefined) finish(answer);
    });
    socket.on('close', () => finish(undefined));
    socket.on('error', reject);
    for (const part of bytes) socket.write(part);
  });
}

/** An answer that is whole; bodies are ASCII. */
function parseAnswer(received: string): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]));
  const text = received.slice(end + 4);
  if (text.length < Number(headers['content-length'] ?? 0)) return undefined;
  return { status: Number(statusLine.split(' ')[1]), headers, text };
}

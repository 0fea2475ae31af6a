import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What the server does with a request. `cut` closes the connection without an answer. */
export type Answer =
  | {
      readonly status: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly cut: true };

export type Script = (request: SeenRequest, number: number) => Answer | Promise<Answer>;

export interface ScriptedServer {
  readonly url: string;
  /** In the order of their arrival. */
  readonly requests: readonly SeenRequest[];
  /** The bodies of the requests, as JSON. */
  bodies(): unknown[];
  /** May be called again. */
  close(): Promise<void>;
}

/** An HTTP server on a free port that records requests and answers as told. `number` counts them from 0. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://server');
    const body = Buffer.concat(await request.toArray());
    const { method = '', headers } = request;
    const seen = { method, path: url.pathname, query: url.searchParams, headers, body };
    requests.push(seen);
    const answer = await script(seen, requests.length - 1);
    if ('cut' in answer) return void request.socket.destroy();
    const text = answer.text ?? JSON.stringify(answer.json);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(text);
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bodies: () => requests.map((request) => JSON.parse(request.body.toString())),
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** An answer of the API. */
export function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** A problem document. */
export function problem(status: number, fields: Record<string, unknown>, headers: Record<string, string> = {}): Answer {
  return { status, json: { status, ...fields }, headers: { 'content-type': 'application/problem+json', ...headers } };
}

/** A target on the host, which functions in LocalStack can reach. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** In lower case, and with the spelling of the wire in `rawHeaders`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** When all of it was there, epoch milliseconds. */
  readonly at: number;
}

/** What a target does with its nth request (from 1) to a path. */
type Answerer = (response: ServerResponse, nth: number) => void | Promise<void>;

export interface Target {
  /** Of a path of its own, which answers so. Default: 204. */
  url(path: string, answer?: Answerer): string;
  /** Requests to a path, in the order of their arrival. */
  received(path: string): readonly Received[];
  /** To all paths. */
  requestCount(): number;
  close(): Promise<void>;
}

/** @param address of the host, as LocalStack sees it */
export async function startTarget(address: string): Promise<Target> {
  const answers = new Map<string, Answerer>();
  const requests: Received[] = [];
  const received = (path: string) => requests.filter((request) => request.path === path);

  const server = createServer(async (incoming, response) => {
    const { method = '', url: path = '', headers, rawHeaders } = incoming;
    try {
      const body = Buffer.concat(await incoming.toArray());
      requests.push({ method, path, headers, rawHeaders, body, at: Date.now() });
      const answer = answers.get(path);
      if (answer === undefined) response.writeHead(204).end();
      else await answer(response, received(path).length);
    } catch {
      // The function gave up, or was stopped: there is nobody to answer.
      response.destroy();
    }
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url(path, answer) {
      if (answer !== undefined) answers.set(path, answer);
      return `http://${address}:${port}${path}`;
    },
    received,
    requestCount: () => requests.length,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

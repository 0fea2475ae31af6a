/** The API behind a front door that checks signatures, as API Gateway and function URLs do. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './scripted-server.ts';
import { type SignedRequest, type VerifierOptions, verifySignature } from './sigv4-verifier.ts';

interface LetIn extends SignedRequest {
  readonly accessKeyId: string;
}

export interface SignedApiOptions extends VerifierOptions {
  /** What stands behind the door. */
  readonly fetch: (request: Request, accessKeyId: string) => Response | Promise<Response>;
  /** Answers in place of what stands behind; `number` counts what was let in from 0. */
  readonly script?: (request: LetIn, number: number) => Answer | undefined;
}

export interface SignedApi {
  readonly url: string;
  /** What was let in, in the order of arrival. */
  readonly letIn: readonly LetIn[];
  /** What was said to the others. */
  readonly refusals: readonly string[];
  close(): Promise<void>;
}

export async function startSignedApi(options: SignedApiOptions): Promise<SignedApi> {
  const letIn: LetIn[] = [];
  const refusals: string[] = [];

  function answer(request: SignedRequest): Response | 'cut' | Promise<Response> {
    const verdict = verifySignature(request, options);
    if (!verdict.ok) {
      refusals.push(verdict.message);
      return Response.json({ message: verdict.message }, { status: 403 });
    }
    const entry = { ...request, accessKeyId: verdict.accessKeyId };
    letIn.push(entry);
    const scripted = options.script?.(entry, letIn.length - 1);
    if (scripted === undefined) return options.fetch(toFetch(request), verdict.accessKeyId);
    if ('cut' in scripted) return 'cut';
    const { status, json, text, headers = {} } = scripted;
    return new Response(text ?? JSON.stringify(json), { status, headers });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request;
    const body = Buffer.concat(await request.toArray());
    const given = await answer({ method, target, headers, body });
    if (given === 'cut') return void request.socket.destroy();
    // Its clock is the verifier's.
    response.sendDate = false;
    response.writeHead(given.status, {
      ...Object.fromEntries(given.headers),
      date: new Date(options.now()).toUTCString(),
    });
    response.end(Buffer.from(await given.arrayBuffer()));
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    letIn,
    refusals,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function toFetch({ method, target, headers, body }: SignedRequest): Request {
  const list = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((text): [string, string] => [name, text]),
  );
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://api${target}`, { method, headers: list, body: hasBody ? Buffer.from(body) : null });
}

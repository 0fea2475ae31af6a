/** Requests to a function URL of LocalStack, which knows it by its host name alone. */

import { request } from 'node:http';

interface Answer {
  readonly status: number;
  /** Parsed from JSON. */
  readonly json: unknown;
}

export interface FunctionUrl {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** A PUT to a URL that the function gave, of another host name of LocalStack. */
  put(url: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Answer>;
}

/**
 * @param url as Lambda gave it; its host name need not be known to anyone
 * @param endpoint where LocalStack is
 */
export function createFunctionUrl(url: string, endpoint: string): FunctionUrl {
  const { host } = new URL(url);

  async function send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | Uint8Array,
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request(new URL(path, endpoint), { method, headers }, (response) => {
      response.toArray().then((chunks) => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, json: parse(text) });
      }, reject);
    });
    sent.once('error', reject);
    sent.end(body);
    return await promise;
  }

  return {
    get: (path) => send('GET', path, { host }),
    post: (path, body) => send('POST', path, { host, 'content-type': 'application/json' }, JSON.stringify(body)),
    put(to, headers, body) {
      const { host: other, pathname, search } = new URL(to);
      return send('PUT', pathname + search, { ...headers, host: other }, body);
    },
  };
}

/** What is no JSON comes from LocalStack, not from the function; a test then shows it as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

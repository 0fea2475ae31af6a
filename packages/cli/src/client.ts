/** The HTTP API as typed functions, over kept-alive connections. */

import { parseRetryAfter } from '@millrace/core';
import { Agent, type Dispatcher } from 'undici';
import {
  type Accepted,
  type BatchResult,
  isAccepted,
  isBatchAnswer,
  isMessages,
  isPage,
  isReplayed,
  isReplayPage,
  isStats,
  type MessageInput,
  type MessageView,
  type Page,
  parseJson,
  type ReplayPage,
  type Stats,
} from './api-shapes.ts';
import { ApiError, ForeignAnswerError, UnreachableError } from './client-errors.ts';
import { EXIT, ExitError } from './exit.ts';

export { ApiError, isRetryable } from './client-errors.ts';

/** Which messages. `from` and `to` are RFC 3339. */
export interface FilterInput {
  readonly senderId?: string | undefined;
  readonly target?: string | undefined;
  readonly reason?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ListInput extends FilterInput {
  readonly status?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface ReplayInput extends FilterInput {
  readonly dryRun: boolean;
  readonly cursor?: string | undefined;
}

interface ReplayOneInput {
  readonly senderId: string;
  readonly timestamp?: string | undefined;
  readonly targetUrl?: string | undefined;
}

interface BatchAnswer {
  /** One per item, in order. */
  readonly results: readonly BatchResult[];
  /** Milliseconds that the server asks to wait before unavailable items are sent again; 0 when it does not say. */
  readonly retryAfterMs: number;
}

/** Every function may throw ApiError, UnreachableError, ForeignAnswerError, or the reason of the signal. */
export interface ApiClient {
  /** The address, without a slash at its end. */
  readonly url: string;
  send(message: MessageInput): Promise<Accepted>;
  /** @param ndjson up to 100 messages, one a line */
  sendBatch(ndjson: Uint8Array): Promise<BatchAnswer>;
  get(messageId: string, senderId?: string): Promise<readonly MessageView[]>;
  list(query: ListInput): Promise<Page>;
  replayOne(messageId: string, which: ReplayOneInput): Promise<{ readonly replayed: number }>;
  replay(query: ReplayInput): Promise<ReplayPage>;
  stats(): Promise<Stats>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly url: string;
  readonly key?: string | undefined;
  /** Cuts requests off. Leave it out when an answer must not be missed. */
  readonly signal?: AbortSignal | undefined;
  readonly now: () => number;
  /** At most this many connections. */
  readonly connections?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 60_000;

/** @throws ExitError (usage) when the URL cannot be one of an API. */
export function createClient(options: ClientOptions): ApiClient {
  const base = readBaseUrl(options.url);
  const agent = new Agent({
    connections: options.connections ?? 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  const authorization = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` };

  async function exchange(request: Request): Promise<Answer> {
    options.signal?.throwIfAborted();
    try {
      const response = await agent.request({
        origin: base.origin,
        path: base.prefix + request.path,
        method: request.method,
        headers: { accept: 'application/json', ...request.headers, ...authorization },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const text = await response.body.text();
      const retryAfterMs = parseRetryAfter(String(response.headers['retry-after'] ?? ''), options.now()) ?? 0;
      return { status: response.statusCode, text, retryAfterMs };
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new UnreachableError(base.text, error);
    }
  }

  async function call<T>(request: Request, isExpected: (value: unknown) => value is T): Promise<T> {
    const answer = await exchange(request);
    return readAnswer(base.text, answer, isExpected);
  }

  return {
    url: base.text,
    send: (message) => call(post('/message', message), isAccepted),
    async sendBatch(ndjson) {
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await exchange({ method: 'POST', path: '/messages', headers, body: ndjson });
      const body = parseJson(answer.text);
      // 503 comes with results too, when none of the items could be stored.
      if (isBatchAnswer(body)) return { results: body.results, retryAfterMs: answer.retryAfterMs };
      return readAnswer(base.text, answer, isNothing);
    },
    async get(messageId, senderId) {
      const path = `/messages/${encodeURIComponent(messageId)}${queryText({ senderId })}`;
      return (await call({ method: 'GET', path }, isMessages)).messages;
    },
    list: (query) => call({ method: 'GET', path: `/messages${queryText({ ...query })}` }, isPage),
    replayOne: (messageId, which) => call(post(`/messages/${encodeURIComponent(messageId)}/replay`, which), isReplayed),
    replay: (query) => call(post('/replays', query), isReplayPage),
    stats: () => call({ method: 'GET', path: '/stats' }, isStats),
    close: () => agent.destroy(),
  };
}

interface Request {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number;
}

function post(path: string, body: object): Request {
  return { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function queryText(fields: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

function readAnswer<T>(url: string, answer: Answer, isExpected: (value: unknown) => value is T): T {
  const isSuccess = answer.status >= 200 && answer.status <= 299;
  if (!isSuccess && answer.status >= 400) throw new ApiError(answer.status, answer.text, answer.retryAfterMs);
  const body = parseJson(answer.text);
  if (!isSuccess || !isExpected(body)) throw new ForeignAnswerError(url, answer.status);
  return body;
}

function isNothing(_value: unknown): _value is never {
  return false;
}

function readBaseUrl(text: string): { readonly text: string; readonly origin: string; readonly prefix: string } {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ExitError(EXIT.usage, `--url must be an http or https URL, such as http://127.0.0.1:8080; got '${text}'`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ExitError(EXIT.usage, '--url must not hold a user or password; put a key into MILLRACE_KEY');
  }
  const prefix = url.pathname.replace(/\/+$/, '');
  return { text: url.origin + prefix, origin: url.origin, prefix };
}

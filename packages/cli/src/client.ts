/** The HTTP API as typed functions, over kept-alive connections. */

import { parseRetryAfter } from '@millrace/core';
import { Agent, type Dispatcher } from 'undici';
import { type Access, keyAccess, type RefusedAnswer } from './access.ts';
import {
  type Accepted,
  type BatchResult,
  isAccepted,
  isBatchAnswer,
  isKey,
  isKeys,
  isMessages,
  isNewKey,
  isPage,
  isReplayed,
  isReplayPage,
  isSigningSecrets,
  isStats,
  isTarget,
  isTargetPage,
  isUploadTicket,
  type KeyInput,
  type KeyView,
  type MessageInput,
  type MessageView,
  type NewKey,
  type Page,
  type PayloadInput,
  parseJson,
  type ReplayPage,
  type SigningSecretsView,
  type Stats,
  type TargetPage,
  type TargetView,
  type UploadTicket,
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

interface ListInput extends FilterInput {
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

interface TargetsInput {
  readonly senderId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface TargetInput {
  readonly senderId: string;
  /** An origin or a URL. */
  readonly target: string;
}

interface BatchAnswer {
  /** One per item, in order. */
  readonly results: readonly BatchResult[];
  /** Milliseconds that the server asks to wait before unavailable items are sent again; 0 when it does not say. */
  readonly retryAfterMs: number;
}

/** Every function may throw ApiError, UnreachableError, ForeignAnswerError, AccessError, or the reason of the signal. */
export interface ApiClient {
  /** The address, without a slash at its end. */
  readonly url: string;
  send(message: MessageInput): Promise<Accepted>;
  /** @param ndjson up to 100 messages, one a line */
  sendBatch(ndjson: Uint8Array): Promise<BatchAnswer>;
  beginUpload(payload: PayloadInput): Promise<UploadTicket>;
  get(messageId: string, senderId?: string): Promise<readonly MessageView[]>;
  list(query: ListInput): Promise<Page>;
  replayOne(messageId: string, which: ReplayOneInput): Promise<{ readonly replayed: number }>;
  replay(query: ReplayInput): Promise<ReplayPage>;
  /** The secrets that sign the requests of a sender. */
  secrets(senderId: string): Promise<SigningSecretsView>;
  /** Not to be repeated when no answer came: each call makes another secret. */
  rotateSecret(senderId: string, rotation: { readonly overlapSeconds?: number }): Promise<SigningSecretsView>;
  stats(): Promise<Stats>;
  targets(query: TargetsInput): Promise<TargetPage>;
  holdTarget(which: TargetInput): Promise<TargetView>;
  releaseTarget(which: TargetInput): Promise<TargetView>;
  createKey(key: KeyInput): Promise<NewKey>;
  listKeys(): Promise<readonly KeyView[]>;
  revokeKey(id: string): Promise<KeyView>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly url: string;
  readonly key?: string | undefined;
  /** In place of a key. */
  readonly access?: Access | undefined;
  /** Cuts requests off. Leave it out when an answer must not be missed. */
  readonly signal?: AbortSignal | undefined;
  readonly now: () => number;
  /** At most this many connections. */
  readonly connections?: number;
  /** An API in this process, in place of one that is reached over the network. */
  readonly inProcess?: ((request: ApiRequest) => Promise<ApiAnswer>) | undefined;
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
  const access = options.access ?? keyAccess(options.key);

  async function exchange(request: ApiRequest): Promise<ApiAnswer> {
    if (options.inProcess !== undefined) return options.inProcess(request);
    const { method, contentType, body } = request;
    const path = base.prefix + request.path;
    const authorization = await access.headersFor({ method, origin: base.origin, path, contentType, body });
    options.signal?.throwIfAborted();
    try {
      const response = await agent.request({
        ...{ origin: base.origin, path, method },
        headers: {
          accept: 'application/json',
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
          ...authorization,
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const text = await response.body.text();
      const retryAfterMs = parseRetryAfter(String(response.headers['retry-after'] ?? ''), options.now()) ?? 0;
      const date = String(response.headers['date'] ?? '');
      return { status: response.statusCode, text, retryAfterMs, date };
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new UnreachableError(base.text, error, access.advice);
    }
  }

  async function call<T>(request: ApiRequest, isExpected: (value: unknown) => value is T): Promise<T> {
    const answer = await exchange(request);
    return readAnswer(answer, isExpected);
  }

  function readAnswer<T>(answer: ApiAnswer, isExpected: (value: unknown) => value is T): T {
    const isSuccess = answer.status >= 200 && answer.status <= 299;
    if (!isSuccess && answer.status >= 400) {
      const { status, text, retryAfterMs } = answer;
      throw access.explain(answer) ?? new ApiError(status, text, retryAfterMs, access.hint?.(status));
    }
    const body = parseJson(answer.text);
    if (!isSuccess || !isExpected(body)) throw new ForeignAnswerError(base.text, answer.status, access.advice);
    return body;
  }

  return {
    url: base.text,
    send: (message) => call(post('/message', message), isAccepted),
    async sendBatch(ndjson) {
      const contentType = 'application/x-ndjson';
      const answer = await exchange({ method: 'POST', path: '/messages', contentType, body: ndjson });
      const body = parseJson(answer.text);
      // 503 comes with results too, when none of the items could be stored.
      if (isBatchAnswer(body)) return { results: body.results, retryAfterMs: answer.retryAfterMs };
      return readAnswer(answer, isNothing);
    },
    beginUpload: (payload) => call(post('/payloads', payload), isUploadTicket),
    async get(messageId, senderId) {
      const path = `/messages/${encodeStrictly(messageId)}${queryText({ senderId })}`;
      return (await call({ method: 'GET', path }, isMessages)).messages;
    },
    list: (query) => call({ method: 'GET', path: `/messages${queryText({ ...query })}` }, isPage),
    replayOne: (messageId, which) => call(post(`/messages/${encodeStrictly(messageId)}/replay`, which), isReplayed),
    replay: (query) => call(post('/replays', query), isReplayPage),
    secrets: (senderId) => call({ method: 'GET', path: `/secrets/${encodeStrictly(senderId)}` }, isSigningSecrets),
    rotateSecret: (senderId, rotation) =>
      call(post(`/secrets/${encodeStrictly(senderId)}/rotate`, rotation), isSigningSecrets),
    stats: () => call({ method: 'GET', path: '/stats' }, isStats),
    targets: (query) => call({ method: 'GET', path: `/targets${queryText({ ...query })}` }, isTargetPage),
    holdTarget: (which) => call(post('/targets/hold', which), isTarget),
    releaseTarget: (which) => call(post('/targets/release', which), isTarget),
    createKey: (key) => call(post('/keys', key), isNewKey),
    listKeys: async () => (await call({ method: 'GET', path: '/keys' }, isKeys)).keys,
    revokeKey: (id) => call({ method: 'DELETE', path: `/keys/${encodeStrictly(id)}` }, isKey),
    close: () => agent.destroy(),
  };
}

interface ApiRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string | Uint8Array;
}

interface ApiAnswer extends RefusedAnswer {
  readonly retryAfterMs: number;
}

function post(path: string, body: object): ApiRequest {
  return { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body) };
}

function queryText(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const query = given.map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(String(value))}`).join('&');
  return query === '' ? '' : `?${query}`;
}

/** Everything but unreserved characters (RFC 3986): what is signed has one spelling, which all on the way agree on. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
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

/**
 * One HTTP exchange with a target: everything that can come of it is an outcome, nothing is thrown.
 */

import { type AttemptOutcome, type DeliveryRequest, type Entry, parseRetryAfter, webhookId } from '@millrace/core';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';

export interface Target {
  /** Makes the request and reads the answer; over at the deadline, whatever the target does. */
  send(entry: Pick<Entry, 'identity' | 'request'>, deadlineMs: number): Promise<AttemptOutcome>;
  /** Cuts requests under way off. They have no outcome: what the target made of them is not known. */
  close(): Promise<void>;
}

export interface HttpTargetOptions {
  readonly connectTimeoutMs: number;
  /** Connections to one origin at most. */
  readonly connections: number;
  readonly userAgent: string;
}

/** Bytes of an answer that are read; then the connection is closed, and the status counts. */
const MAX_RESPONSE_BYTES = 64 * 1_024;
/** Bytes of an answer that are kept for operators. */
const EXCERPT_BYTES = 1_024;
const PER_MEGABYTE_MS = 1_000;
const MEGABYTE = 1_024 * 1_024;
const KEEP_ALIVE_MS = 10_000;

/** Milliseconds that the whole exchange may take: the timeout, and one second for each MB of body. */
export function exchangeDeadlineMs(request: DeliveryRequest, requestTimeoutMs: number): number {
  return requestTimeoutMs + Math.ceil(request.body.length / MEGABYTE) * PER_MEGABYTE_MS;
}

export function createHttpTarget(options: HttpTargetOptions): Target {
  const agent = new Agent({
    // HTTP/2 would change the spelling of header names.
    allowH2: false,
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: { timeout: options.connectTimeoutMs },
    // The deadline of the exchange stands in for the timeouts of its parts.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const closed = new AbortController();
  return {
    send: (entry, deadlineMs) => exchange(agent, entry, deadlineMs, options.userAgent, closed.signal),
    close() {
      closed.abort();
      return agent.destroy();
    },
  };
}

function exchange(
  agent: Agent,
  { identity, request }: Pick<Entry, 'identity' | 'request'>,
  deadlineMs: number,
  userAgent: string,
  closed: AbortSignal,
): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const handler = createHandler(resolve, deadlineMs, closed);
    try {
      const { origin } = new URL(identity.targetUrl);
      const { body, method } = request;
      agent.dispatch(
        {
          origin,
          // Not URL.pathname: what is sent is the canonical URL, byte for byte.
          path: identity.targetUrl.slice(origin.length),
          method,
          headers: outboundHeaders(request, webhookId(identity), userAgent),
          body: body.length === 0 ? null : body,
        },
        handler,
      );
    } catch (error) {
      handler.onResponseError(undefined, error);
    }
  });
}

/** The client's headers as they came, then Millrace's own. Names and values alternate. */
function outboundHeaders(request: DeliveryRequest, id: string, userAgent: string): string[] {
  const headers = request.headers.flat();
  const hasUserAgent = request.headers.some(([name]) => name.toLowerCase() === 'user-agent');
  if (!hasUserAgent) headers.push('user-agent', userAgent);
  headers.push('webhook-id', id);
  return headers;
}

/** Follows one exchange; the first end that it comes to is the outcome, whatever happens afterwards. */
function createHandler(resolve: (outcome: AttemptOutcome) => void, deadlineMs: number, closed: AbortSignal) {
  let controller: Dispatcher.DispatchController | undefined;
  let ended = false;
  let statusCode = 0;
  let retryAfterMs: number | undefined;
  let length = 0;
  const kept: Buffer[] = [];

  const end = (outcome: AttemptOutcome): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    if (!closed.aborted) resolve(outcome);
  };
  const response = (): AttemptOutcome => {
    const excerpt = toLine(Buffer.concat(kept).toString('utf8', 0, EXCERPT_BYTES));
    return { kind: 'response', statusCode, excerpt, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  };
  const abort = (reason: string): void => controller?.abort(new Error(reason));

  const timer = setTimeout(() => {
    const detail = statusCode === 0 ? 'no answer' : `HTTP ${statusCode}, but the answer did not end`;
    end({ kind: 'timeout', detail: `${detail} within ${deadlineMs} ms` });
    abort('deadline');
  }, deadlineMs);

  return {
    onRequestStart(started: Dispatcher.DispatchController): void {
      // The deadline passed while the request waited for a connection: it must not be sent any more. Thrown, because an
      // abort would close the connection, which is good.
      if (ended) throw new Error('deadline');
      controller = started;
    },
    onResponseStart(
      _controller: Dispatcher.DispatchController,
      code: number,
      headers: Record<string, string | string[] | undefined>,
    ): void {
      // Informational answers come before the one that counts.
      if (code < 200) return;
      statusCode = code;
      const retryAfter = headers['retry-after'];
      if (typeof retryAfter === 'string') retryAfterMs = parseRetryAfter(retryAfter, Date.now());
    },
    onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
      if (length < EXCERPT_BYTES) kept.push(chunk);
      length += chunk.length;
      if (length <= MAX_RESPONSE_BYTES) return;
      end(response());
      abort('answer too long');
    },
    onResponseEnd(): void {
      end(response());
    },
    onResponseError(_controller: unknown, error: unknown): void {
      end(classify(error));
    },
  };
}

/** One line: line breaks, control characters and what was not UTF-8 would garble a terminal. */
function toLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]+/gu, ' ').trim();
}

const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/** Sorts what undici and Node report: by code, never by the words of a message. */
function classify(error: unknown): AttemptOutcome {
  const {
    code = '',
    syscall = '',
    message = String(error),
  } = error as { code?: string; syscall?: string; message?: string };
  const detail = toLine(message.includes(code) ? message : `${code} ${message}`);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { kind: 'timeout', detail };
  if (syscall === 'getaddrinfo') return { kind: 'dns', detail };
  if (TLS_CODE.test(code)) return { kind: 'tls', detail };
  return { kind: 'connection', detail };
}

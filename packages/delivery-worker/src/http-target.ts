/**
 * One HTTP exchange with a target: everything that can come of it is an outcome, nothing is thrown.
 */

import { Readable } from 'node:stream';
import {
  type AttemptOutcome,
  bodySize,
  type DeliveryRequest,
  type Entry,
  type PayloadStore,
  webhookId,
} from '@millrace/core';
import Agent from 'undici/lib/dispatcher/agent.js';
import { createExchangeHandler } from './exchange-handler.ts';
import { outboundBody } from './outbound-body.ts';
import { outboundHeaders } from './outbound-headers.ts';

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
  /** Where large bodies are. */
  readonly payloads: Pick<PayloadStore, 'open'>;
}

const PER_MEGABYTE_MS = 1_000;
const MEGABYTE = 1_024 * 1_024;
const KEEP_ALIVE_MS = 10_000;

/** Milliseconds that the whole exchange may take: the timeout, and one second for each MB of body. */
export function exchangeDeadlineMs(request: DeliveryRequest, requestTimeoutMs: number): number {
  return requestTimeoutMs + Math.ceil(bodySize(request) / MEGABYTE) * PER_MEGABYTE_MS;
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
    send: (entry, deadlineMs) => exchange(agent, entry, deadlineMs, options, closed.signal),
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
  { userAgent, payloads }: Pick<HttpTargetOptions, 'userAgent' | 'payloads'>,
  closed: AbortSignal,
): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    let isOver = false;
    let body: Uint8Array | Readable | null = null;
    const handler = createExchangeHandler((outcome) => {
      isOver = true;
      letGo(body);
      if (!closed.aborted) resolve(outcome);
    }, deadlineMs);

    async function dispatch(): Promise<void> {
      const outbound = outboundBody(request, payloads);
      body = await outbound.open();
      // The deadline passed meanwhile.
      if (isOver) return letGo(body);
      const { origin } = new URL(identity.targetUrl);
      const headers = outboundHeaders(request, webhookId(identity), userAgent);
      // Of a stream undici knows no size; with one it closes the connection rather than end a body too early.
      if (body instanceof Readable) headers.push('content-length', String(outbound.size));
      agent.dispatch(
        {
          origin,
          // Not URL.pathname: what is sent is the canonical URL, byte for byte.
          path: identity.targetUrl.slice(origin.length),
          method: request.method,
          headers,
          body,
        },
        handler,
      );
    }
    dispatch().catch((error: unknown) => handler.onResponseError(undefined, error));
  });
}

/** A stream holds a file or a connection. */
function letGo(body: Uint8Array | Readable | null): void {
  if (body instanceof Readable) body.destroy();
}

/**
 * One HTTP exchange with a target: everything that can come of it is an outcome, nothing is thrown.
 */

import { Readable } from 'node:stream';
import {
  type AttemptOutcome,
  bodySize,
  createAddressGuard,
  createSigner,
  type DeliveryRequest,
  type Entry,
  type PayloadStore,
  type SigningSecret,
  signBody,
  webhookId,
} from '@millrace/core';
import Agent from 'undici/lib/dispatcher/agent.js';
import { createExchangeHandler } from './exchange-handler.ts';
import type { ExchangeTimings, TimingsListener } from './exchange-timings.ts';
import { createGuardedConnector, type Resolve } from './guarded-connector.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { type OutboundPayload, outboundPayload } from './outbound-payload.ts';
import { traceHeaders } from './trace-headers.ts';

/** What a request is made of. */
type TargetEntry = Pick<Entry, 'identity' | 'request' | 'traceparent'>;

export interface Target {
  /**
   * Makes the request and reads the answer; over at the deadline, whatever the target does.
   *
   * @param observe told how long it took, just before the outcome
   */
  send(entry: TargetEntry, deadlineMs: number, signing: Signing, observe?: TimingsListener): Promise<AttemptOutcome>;
  /** Cuts requests under way off. They have no outcome: what the target made of them is not known. */
  close(): Promise<void>;
}

/** What a request is signed with. */
export interface Signing {
  /** Those in force, at least one. */
  readonly secrets: readonly SigningSecret[];
  /** Epoch seconds of the attempt. */
  readonly timestamp: number;
}

export interface HttpTargetOptions {
  readonly connectTimeoutMs: number;
  /** Connections to one origin at most. */
  readonly connections: number;
  readonly userAgent: string;
  /** Ranges of addresses that targets may have beside those of the internet. */
  readonly allowedPrivateCidrs: readonly string[];
  /** How names become addresses; default: as everywhere on this machine. */
  readonly resolve?: Resolve;
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

/** @throws TypeError when an allowed range is none */
export function createHttpTarget(options: HttpTargetOptions): Target {
  const { allowedPrivateCidrs, connectTimeoutMs, resolve } = options;
  const agent = new Agent({
    // HTTP/2 would change the spelling of header names.
    allowH2: false,
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect: createGuardedConnector({
      guard: createAddressGuard(allowedPrivateCidrs),
      timeoutMs: connectTimeoutMs,
      ...(resolve === undefined ? {} : { resolve }),
    }),
    // The deadline of the exchange stands in for the timeouts of its parts.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const closed = new AbortController();
  const deps = { agent, userAgent: options.userAgent, payloads: options.payloads, closed: closed.signal };
  return {
    send: (entry, deadlineMs, signing, observe) => exchange(deps, entry, { deadlineMs, signing, observe }),
    close() {
      closed.abort();
      return agent.destroy();
    },
  };
}

interface ExchangeDeps extends Pick<HttpTargetOptions, 'userAgent' | 'payloads'> {
  readonly agent: Agent;
  readonly closed: AbortSignal;
}

interface ExchangeOptions {
  readonly deadlineMs: number;
  readonly signing: Signing;
  readonly observe: TimingsListener | undefined;
}

function exchange(
  { agent, userAgent, payloads, closed }: ExchangeDeps,
  { identity, request, traceparent }: TargetEntry,
  { deadlineMs, signing, observe }: ExchangeOptions,
): Promise<AttemptOutcome> {
  return new Promise((resolve) => {
    const payload = request.payload && outboundPayload(request.payload, payloads);
    const letGo = (): void => payload?.close();
    if (payload !== undefined) closed.addEventListener('abort', letGo);
    const onEnd = (outcome: AttemptOutcome, timings: ExchangeTimings): void => {
      closed.removeEventListener('abort', letGo);
      letGo();
      if (closed.aborted) return;
      observe?.(timings);
      resolve(outcome);
    };
    const handler = createExchangeHandler(onEnd, { deadlineMs, bodyBytes: bodySize(request) });
    const context = { id: webhookId(identity), timestamp: signing.timestamp };

    function dispatch(body: Uint8Array | Readable | null, signature: string): void {
      const { origin } = new URL(identity.targetUrl);
      const headers = outboundHeaders(request, { ...context, signature }, userAgent);
      headers.push(...traceHeaders(request, traceparent));
      // Of a stream undici knows no size; with one it closes the connection rather than end a body too early.
      if (body instanceof Readable) headers.push('content-length', String(bodySize(request)));
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

    async function dispatchPayload(large: OutboundPayload): Promise<void> {
      const signer = createSigner(signing.secrets, context);
      await large.forEachChunk((chunk) => signer.update(chunk));
      dispatch(await large.open(), signer.digest());
    }

    const fail = (error: unknown): void => handler.onResponseError(undefined, error);
    if (payload !== undefined) {
      dispatchPayload(payload).catch(fail);
      return;
    }
    try {
      const { body } = request;
      dispatch(body.length === 0 ? null : body, signBody(signing.secrets, context, body));
    } catch (error) {
      fail(error);
    }
  });
}

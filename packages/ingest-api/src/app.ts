/**
 * The HTTP API as one app: `app.fetch(request)` is all that a server or a Lambda needs.
 */

import {
  type Clock,
  type MessageStore,
  type PayloadStore,
  StoreUnavailableError,
  type UploadReceiver,
} from '@millrace/core';
import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { postMessage, postMessages } from './accept-handlers.ts';
import { ANYONE, assertScope, type CallerHandler, type CallerOf, type Scope } from './caller.ts';
import type { ApiConfig } from './config.ts';
import { getHealth, getReadiness, type HealthCheck } from './health-handlers.ts';
import { createMessageReader } from './message-reader.ts';
import { getOpenApi } from './openapi.ts';
import { getMessage, getStats, listMessages, replayMessage, replayMessages } from './operator-handlers.ts';
import { postPayload, putPayload } from './payload-handlers.ts';
import { ProblemError, problemResponse } from './problem-document.ts';

export interface ApiDeps {
  readonly store: Pick<MessageStore, 'accept' | 'get' | 'list' | 'replay' | 'replayMany' | 'counts' | 'health'>;
  readonly payloads: Pick<PayloadStore, 'beginUpload' | 'hold' | 'put'>;
  /** Where uploads come to this API; without it, they go to another place. */
  readonly uploads?: UploadReceiver;
  readonly clock: Clock;
  readonly config: ApiConfig;
  /** Who makes a request; without it anyone may do anything. Not asked for the calls that touch no message. */
  readonly callerOf?: CallerOf;
  /** What else must work before the API is ready, beside the store. */
  readonly readiness?: HealthCheck;
  /** Told of every error that nobody expected; the client learns nothing of it but that there was one. */
  readonly onError?: (error: unknown) => void;
}

type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT', Handler>>>;

export function createApp(deps: ApiDeps): Hono {
  const { store, payloads, uploads, clock, config, callerOf = () => ANYONE, readiness, onError } = deps;
  const rules = { allowHttp: config.allowHttp, now: () => clock.now() };
  const readMessage = createMessageReader(rules);

  const routes: Readonly<Record<string, Methods>> = {
    '/message': { POST: asCaller('send', postMessage({ store, payloads }, readMessage)) },
    '/messages': {
      POST: asCaller('send', postMessages({ store, payloads }, readMessage)),
      GET: asCaller('read', listMessages(store)),
    },
    '/messages/:messageId': { GET: asCaller('read', getMessage(store)) },
    '/messages/:messageId/replay': { POST: asCaller('operate', replayMessage(store)) },
    '/replays': { POST: asCaller('operate', replayMessages(store)) },
    '/payloads': { POST: asCaller('send', postPayload(payloads, config.publicUrl)) },
    ...(uploads === undefined ? {} : { '/payloads/:payloadId': { PUT: putPayload(uploads) } }),
    '/stats': { GET: asCaller('read', getStats(store)) },
    '/health': { GET: getHealth },
    '/health/ready': { GET: getReadiness(store, readiness) },
    '/openapi.json': { GET: getOpenApi(rules, { takesUploads: uploads !== undefined }) },
  };

  const app = new Hono();
  if (config.corsOrigins === '*' || config.corsOrigins.length > 0) app.use(corsFor(config.corsOrigins));
  for (const [path, methods] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
    app.all(path, otherMethods(methods));
  }
  app.notFound((c) => problemResponse('not-found', 404, { detail: `there is nothing at ${c.req.path}` }));
  app.onError((error) => {
    const known = error instanceof StoreUnavailableError ? storeUnavailable() : error;
    if (known instanceof ProblemError) return problemResponse(known.type, known.status, known.details);
    onError?.(error);
    return problemResponse('unavailable', 500, { detail: 'something unexpected went wrong; it has been reported' });
  });
  return app;

  /** Before anything of the request is read. */
  function asCaller<Path extends string>(scope: Scope, handler: CallerHandler<Path>): Handler<object, Path> {
    return async (c) => {
      const caller = await callerOf(c);
      assertScope(caller, scope);
      return handler(c, caller);
    };
  }
}

/** Says which methods a path has, and refuses every other. */
function otherMethods(methods: Methods): Handler {
  const allow = [...Object.keys(methods), ...('GET' in methods ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (c) => {
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
    throw new ProblemError('unsupported', 405, { detail: `this path takes ${allow}`, headers: { allow } });
  };
}

function corsFor(origins: '*' | readonly string[]): MiddlewareHandler {
  return cors({
    origin: origins === '*' ? '*' : [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT'],
    allowHeaders: ['content-type'],
    exposeHeaders: ['allow', 'retry-after'],
    maxAge: 600,
  });
}

function storeUnavailable(): ProblemError {
  const detail = 'the store cannot do it now; repeat the request';
  return new ProblemError('unavailable', 503, { detail, headers: { 'retry-after': '1' } });
}

/**
 * The HTTP API as one app: `app.fetch(request)` is all that a server or a Lambda needs.
 */

import {
  type MessageStore,
  type PayloadStore,
  type Scope,
  type SigningSecrets,
  StoreUnavailableError,
  type UploadReceiver,
} from '@millrace/core';
import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { type OutcomesListener, postMessage, postMessages } from './accept-handlers.ts';
import { ANYONE, assertScope, type CallerHandler, type CallerOf } from './caller.ts';
import type { ApiConfig } from './config.ts';
import { getHealth, getReadiness, type HealthCheck } from './health-handlers.ts';
import { type Intake, OPEN_INTAKE } from './intake.ts';
import { deleteKey, getKeys, type KeyDesk, postKey } from './key-handlers.ts';
import { createMessageReader } from './message-reader.ts';
import { getMetrics, type MetricsText } from './metrics-handler.ts';
import { getOpenApi } from './openapi.ts';
import { getMessage, getStats, listMessages, replayMessage, replayMessages } from './operator-handlers.ts';
import { postPayload, putPayload } from './payload-handlers.ts';
import { ProblemError, problemResponse } from './problem-document.ts';
import { announcedBytes } from './request-body.ts';
import { getSecrets, rotateSecret } from './secret-handlers.ts';
import { holdTarget, listTargets, releaseTarget, type TargetDeps } from './target-handlers.ts';

export interface ApiDeps extends TargetDeps {
  readonly store: Pick<MessageStore, 'accept' | 'get' | 'list' | 'replay' | 'replayMany' | 'counts' | 'health'>;
  readonly payloads: Pick<PayloadStore, 'beginUpload' | 'hold' | 'put'>;
  /** Where uploads come to this API; without it, they go to another place. */
  readonly uploads?: UploadReceiver;
  readonly signing: Pick<SigningSecrets, 'show' | 'rotate'>;
  readonly config: ApiConfig;
  /** Who makes a request; without it anyone may do anything. Not asked for the calls that touch no message. */
  readonly callerOf?: CallerOf;
  /** Where callers are known by keys. */
  readonly keys?: KeyDesk;
  /** Bounds what is taken on at once; without it, something else does. */
  readonly intake?: Intake;
  /** What else must work before the API is ready, beside the store. */
  readonly readiness?: HealthCheck;
  /** Told of every error that nobody expected; the client learns nothing of it but that there was one. */
  readonly onError?: (error: unknown) => void;
  /** Told what became of the messages of a request, each time. */
  readonly onAccept?: OutcomesListener;
  /** Told of each call that the store could not carry out. */
  readonly onStoreError?: (error: StoreUnavailableError) => void;
  /** What `GET /metrics` answers; without it there is nothing at that path. */
  readonly metrics?: MetricsText;
}

type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE' | 'PUT', Handler>>>;

export function createApp(deps: ApiDeps): Hono {
  const { store, signing, payloads, uploads, clock, config, callerOf = () => ANYONE } = deps;
  const { keys, intake = OPEN_INTAKE, readiness, metrics, onAccept, onStoreError, onError } = deps;
  const rules = { allowHttp: config.allowHttp, now: () => clock.now() };
  const readMessage = createMessageReader(rules);

  const routes: Readonly<Record<string, Methods>> = {
    '/message': { POST: asCaller('send', postMessage({ store, payloads }, readMessage, onAccept)) },
    '/messages': {
      POST: asCaller('send', postMessages({ store, payloads }, readMessage, onAccept)),
      GET: asCaller('read', listMessages(store)),
    },
    '/messages/:messageId': { GET: asCaller('read', getMessage(store)) },
    '/messages/:messageId/replay': { POST: asCaller('operate', replayMessage(store)) },
    '/replays': { POST: asCaller('operate', replayMessages(store)) },
    '/secrets/:senderId': { GET: asCaller('operate', getSecrets(signing)) },
    '/secrets/:senderId/rotate': { POST: asCaller('operate', rotateSecret(signing)) },
    '/targets': { GET: asCaller('read', listTargets(deps)) },
    '/targets/hold': { POST: asCaller('operate', holdTarget(deps)) },
    '/targets/release': { POST: asCaller('operate', releaseTarget(deps)) },
    '/payloads': { POST: asCaller('send', postPayload(payloads, config.publicUrl)) },
    ...(uploads === undefined ? {} : { '/payloads/:payloadId': { PUT: putPayload(uploads) } }),
    '/stats': { GET: asCaller('read', getStats(store)) },
    ...(keys && keyRoutes(keys)),
    '/health': { GET: getHealth },
    '/health/ready': { GET: getReadiness(store, readiness) },
    '/openapi.json': {
      GET: getOpenApi({ ...rules, hasKeys: keys !== undefined, takesUploads: uploads !== undefined }),
    },
    ...(metrics && { '/metrics': { GET: asCaller('read', getMetrics(metrics)) } }),
  };

  const app = new Hono();
  if (config.corsOrigins === '*' || config.corsOrigins.length > 0) app.use(corsFor(config.corsOrigins));
  for (const [path, methods] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
    app.all(path, otherMethods(methods));
  }
  app.notFound((c) => problemResponse('not-found', 404, { detail: `there is nothing at ${c.req.path}` }));
  app.onError((error) => {
    if (error instanceof StoreUnavailableError) onStoreError?.(error);
    const known = error instanceof StoreUnavailableError ? storeUnavailable() : error;
    if (known instanceof ProblemError) return problemResponse(known.type, known.status, known.details);
    onError?.(error);
    return problemResponse('unavailable', 500, { detail: 'something unexpected went wrong; it has been reported' });
  });
  return app;

  function keyRoutes(desk: KeyDesk): Readonly<Record<string, Methods>> {
    return {
      '/keys': { POST: asCaller('operate', postKey(desk, clock)), GET: asCaller('operate', getKeys(desk)) },
      '/keys/:keyId': { DELETE: asCaller('operate', deleteKey(desk, clock)) },
    };
  }

  /** Before anything of the request is read: who calls, and whether there is room. Operators find room for longer. */
  function asCaller<Path extends string>(scope: Scope, handler: CallerHandler<Path>): Handler<object, Path> {
    return async (c) => {
      const caller = await callerOf(c);
      assertScope(caller, scope);
      const visit = intake.enter(scope === 'send', announcedBytes(c.req.raw.headers));
      return handler(c, caller, visit).finally(visit.leave);
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
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['allow', 'retry-after', 'www-authenticate'],
    maxAge: 600,
  });
}

function storeUnavailable(): ProblemError {
  const detail = 'the store cannot do it now; repeat the request';
  return new ProblemError('unavailable', 503, { detail, headers: { 'retry-after': '1' } });
}

/**
 * The HTTP API as a Lambda function behind an HTTP API or a function URL.
 */

import type { Context } from 'hono';
import { type ApiDeps, createApp } from './app.ts';
import type { HealthCheck } from './health-handlers.ts';
import { createIamCallers, type IamCallersDeps, type IamConfig } from './iam-callers.ts';
import { type HttpResult, isHttpEvent, toRequest, toResult, userArnOf } from './lambda-event.ts';
import { problemResponse } from './problem-document.ts';

export interface LambdaDeps
  extends Pick<
      ApiDeps,
      'store' | 'signing' | 'circuits' | 'payloads' | 'clock' | 'onError' | 'onAccept' | 'onStoreError' | 'readiness'
    >,
    Pick<IamCallersDeps, 'parameters'> {
  readonly config: ApiDeps['config'] & IamConfig;
}

/** What the app knows of an event beside its request. */
interface LambdaBindings {
  readonly userArn: string | undefined;
}

/**
 * Answers one event a call.
 *
 * @throws TypeError when the event is no HTTP request in payload format 2.0: the function was invoked by something else
 */
export function createLambdaHandler(deps: LambdaDeps): (event: unknown) => Promise<HttpResult> {
  const { readiness } = deps;
  const iam = createIamCallers(deps);
  const callerOf = (c: Context<{ Bindings: LambdaBindings }>) => iam.callerOf(c.env.userArn);
  const app = createApp({ ...deps, callerOf, readiness: all([iam.health, ...(readiness ? [readiness] : [])]) });

  return async (event) => {
    if (!isHttpEvent(event)) throw new TypeError('the event is not an HTTP request in payload format 2.0');
    const request = toRequest(event);
    const bindings: LambdaBindings = { userArn: userArnOf(event) };
    return toResult(request === undefined ? unreadable() : await app.fetch(request, bindings));
  };
}

function all(checks: readonly HealthCheck[]): HealthCheck {
  return async () => (await Promise.all(checks.map((check) => check()))).flat();
}

function unreadable(): Response {
  return problemResponse('invalid', 400, { detail: 'a request with this method, path or headers cannot be read' });
}

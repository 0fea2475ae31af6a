/** The functions as Lambda has them, on a store of AWS: the handlers of ingest-api and delivery-worker. */

import type { Clock } from '@millrace/core';
import type { AwsStores } from '@millrace/core/aws';
import {
  createDeliveryHandler,
  createFunctionGate,
  createHttpTarget,
  type SqsHandler,
} from '@millrace/delivery-worker';
import { createLambdaHandler } from '../../../ingest-api/src/lambda-handler.ts';

export interface Functions {
  readonly api: ReturnType<typeof createLambdaHandler>;
  readonly worker: SqsHandler;
  close(): Promise<void>;
}

interface FunctionsDeps extends AwsStores {
  readonly clock: Clock;
  /** Told of every error that a function survives. */
  readonly onError: (error: unknown) => void;
}

/** As the worker's own default. */
const CONCURRENCY = 128;

export function createFunctions(deps: FunctionsDeps): Functions {
  const { payloads } = deps;
  const target = createHttpTarget({
    connectTimeoutMs: 5_000,
    connections: CONCURRENCY,
    userAgent: 'Millrace',
    allowedPrivateCidrs: ['127.0.0.0/8'],
    payloads,
  });
  return {
    api: createLambdaHandler({
      ...deps,
      parameters: { get: () => Promise.resolve(undefined) },
      config: { allowHttp: true, corsOrigins: [], callersParameter: undefined, openFrontDoor: false },
    }),
    worker: createDeliveryHandler({
      ...{ ...deps, target, gate: createFunctionGate({ ...deps, store: deps.circuits }), onAttempt: () => undefined },
      config: { concurrency: CONCURRENCY, requestTimeoutMs: 30_000 },
    }),
    close: () => target.close(),
  };
}

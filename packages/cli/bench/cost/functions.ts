/** The functions as Lambda has them, on a store of AWS: the handlers of ingest-api and delivery-worker. */

import type { Clock, PayloadStore } from '@millrace/core';
import type { createAwsMessageStore } from '@millrace/core/aws';
import { createDeliveryHandler, createHttpTarget, type SqsHandler } from '@millrace/delivery-worker';
import { createLambdaHandler } from '../../../ingest-api/src/lambda-handler.ts';

export interface Functions {
  readonly api: ReturnType<typeof createLambdaHandler>;
  readonly worker: SqsHandler;
  close(): Promise<void>;
}

interface FunctionsDeps {
  readonly store: ReturnType<typeof createAwsMessageStore>;
  readonly payloads: PayloadStore;
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
    payloads,
  });
  return {
    api: createLambdaHandler({
      ...deps,
      parameters: { get: () => Promise.resolve(undefined) },
      config: { allowHttp: true, corsOrigins: [], callersParameter: undefined, openFrontDoor: false },
    }),
    worker: createDeliveryHandler({
      ...{ ...deps, target, onAttempt: () => undefined },
      config: { concurrency: CONCURRENCY, requestTimeoutMs: 30_000 },
    }),
    close: () => target.close(),
  };
}

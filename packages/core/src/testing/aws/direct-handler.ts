/**
 * The way of a client of the SDK to DynamoDB, SQS, Secrets Manager and SSM that leaves the connection out. Requests to
 * S3 go through the endpoint.
 */

import type { S3Client } from '@aws-sdk/client-s3';
import { ConnectionCut } from './call-pipeline.ts';
import { answerTo, type HttpAnswer, readTarget, type Target } from './json-http.ts';
import type { Json } from './service.ts';

type Connection = S3Client['config']['requestHandler'];
type Request = Parameters<Connection['handle']>[0];
type Options = Parameters<Connection['handle']>[1];

/** What the clients of the SDK take in place of their connections. */
export interface DirectHandler {
  handle(request: Request, options?: Options): Promise<{ readonly response: HttpAnswer }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/** @param call it may throw `ConnectionCut`: clients see what their own connections make of that */
export function createDirectHandler(call: (target: Target, input: Json) => Promise<Json>): DirectHandler {
  let connection: Promise<Connection> | undefined;

  return {
    async handle(request, options) {
      const target = readTarget(request.headers);
      if (target === undefined) {
        connection ??= connect();
        return await (await connection).handle(request, options);
      }
      try {
        return { response: await answerTo(toText(request.body), (input) => call(target, input)) };
      } catch (cause) {
        if (!(cause instanceof ConnectionCut)) throw cause;
        throw Object.assign(new Error('socket hang up', { cause }), { name: 'TimeoutError', code: 'ECONNRESET' });
      }
    },
    destroy() {
      connection?.then((open) => open.destroy?.());
      connection = undefined;
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

/** The connections of a client as it comes. */
async function connect(): Promise<Connection> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  return new Client({ region: 'any' }).config.requestHandler;
}

function toText(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
}

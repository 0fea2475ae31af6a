/**
 * S3 behind the endpoint of the local AWS: requests are passed on to the S3 test server, which starts with the first
 * of them. Faults and books are those of all services.
 *
 * Signatures are not checked, so that a test may move the clock.
 */

import { Agent, type IncomingMessage, request as passOn, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { CallLog } from './call-log.ts';
import { THROTTLES } from './call-pipeline.ts';
import type { Fault, Faults } from './faults.ts';
import type { S3Fault, SeenS3Request } from './s3-server/faults.ts';
import { type S3Server, startS3Server } from './s3-server/server.ts';

export interface S3ServiceOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly region: string;
  readonly faults: Faults;
  readonly log: CallLog;
}

export interface S3Service {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

export function createS3Service({ clock, region, faults, log }: S3ServiceOptions): S3Service {
  let server: Promise<S3Server> | undefined;
  const agent = new Agent({ keepAlive: true });

  async function onRequest({ operation, bucket, key }: SeenS3Request): Promise<S3Fault | undefined> {
    const input = { Bucket: bucket, Key: key };
    const struck = faults.strike({ service: 's3', action: operation, input, caller: 'client' });
    const fault = await toS3Fault(struck);
    if (fault === undefined) log.succeeded('s3', operation, input, {});
    else log.failed('s3', operation);
    return fault;
  }

  return {
    async handle(request, response) {
      server ??= startS3Server({ clock, region, verifySignatures: false, onRequest });
      const { url } = await server;
      const { method, headers, url: path = '/' } = request;
      const passed = passOn(`${url}${path}`, { agent, method, headers, setHost: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.on('error', () => request.socket.destroy());
        answer.pipe(response);
      });
      passed.on('error', () => request.socket.destroy());
      response.on('close', () => {
        if (!response.writableFinished) passed.destroy();
      });
      request.pipe(passed);
    },
    async close() {
      agent.destroy();
      await (await server)?.close();
    },
  };
}

/** What the S3 server is told to do; waiting is done before. */
async function toS3Fault(struck: readonly Fault[]): Promise<S3Fault | undefined> {
  for (const fault of struck) {
    if (fault.kind === 'delay') await setTimeout(fault.ms);
    if (fault.kind === 'wait') await fault.until;
    if (fault.kind === 'error') return { kind: 'error', code: fault.code, status: fault.status ?? 400 };
    if (fault.kind === 'throttle') return { kind: 'error', ...THROTTLES.s3 };
    if (fault.kind === 'cut-before' || fault.kind === 'cut-after') return { kind: fault.kind };
  }
  return undefined;
}

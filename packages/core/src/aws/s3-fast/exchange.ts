/** One GET of HTTP and the whole of its answer, over connections that are kept. */

import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';

/** Of GET. */
interface HttpRequest {
  /** With its query. Not changed: `..` stays. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Connections {
  /** @throws errors of Node and of undici, with their codes; also for a body that broke off */
  exchange(request: HttpRequest): Promise<HttpAnswer>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;

/** @param timeoutMs until an answer begins, and between the parts of its body */
export function openConnections(origin: string, most: number, timeoutMs: number): Connections {
  const agent = new Agent({
    connections: most,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        agent.dispatch({ method: 'GET', origin, ...request }, new AnswerHandler(resolve, reject));
      }),
    close: () => agent.close(),
  };
}

/** For undici's dispatch, which costs a third of its streams. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  private readonly resolve: (answer: HttpAnswer) => void;
  private readonly reject: (error: Error) => void;
  private status = 0;
  private headers: HttpAnswer['headers'] = {};
  private readonly chunks: Buffer[] = [];

  constructor(resolve: (answer: HttpAnswer) => void, reject: (error: Error) => void) {
    this.resolve = resolve;
    this.reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpAnswer['headers']): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    // Copied: a chunk is a part of what was read from the socket, which is much larger than most objects.
    this.resolve({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks) });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.reject(error);
  }
}

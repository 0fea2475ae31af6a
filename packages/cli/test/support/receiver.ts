/** A target in the test's own process: answers as it is told, and remembers every request. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reception {
  readonly webhookId: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** `Receiver.era` when it came. */
  readonly era: number;
  /** The status that was answered; null while it is not, and when the connection was gone before. */
  answered: number | null;
}

/** The status to answer with, now or later. */
export type Answerer = (reception: Reception) => number | Promise<number>;

export interface Receiver {
  readonly url: string;
  /** In the order of their arrival. */
  readonly receptions: readonly Reception[];
  /** Of one message, in the order of their arrival. */
  of(webhookId: string): readonly Reception[];
  /** How many messages it has seen. */
  distinct(): number;
  /** Set by the test, to tell what came before a moment from what came after it. */
  era: number;
  /** Requests that wait for their answer. */
  open(): number;
  connections(): Promise<number>;
  close(): Promise<void>;
}

export async function startReceiver(answer: Answerer): Promise<Receiver> {
  const receptions: Reception[] = [];
  const byWebhookId = new Map<string, Reception[]>();
  let open = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const body = Buffer.concat(await request.toArray());
    const webhookId = String(headers['webhook-id']);
    const reception: Reception = { webhookId, method, path, headers, body, era: receiver.era, answered: null };
    receptions.push(reception);
    const ofMessage = byWebhookId.get(webhookId) ?? [];
    byWebhookId.set(webhookId, [...ofMessage, reception]);

    open++;
    response.once('close', () => open--);
    const status = await answer(reception);
    if (response.closed) return;
    response.once('finish', () => {
      reception.answered = status;
    });
    response.writeHead(status).end();
  }

  // A process that is killed cuts its requests off.
  const server = createServer((request, response) => void serve(request, response).catch(() => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    receptions,
    of: (webhookId) => byWebhookId.get(webhookId) ?? [],
    distinct: () => byWebhookId.size,
    era: 0,
    open: () => open,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return receiver;
}

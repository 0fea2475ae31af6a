import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A target that keeps nothing of what it gets but its hash. */
export interface ByteSink {
  readonly url: string;
  /** SHA-256 of the bodies that came whole, in hexadecimal digits. */
  readonly hashes: readonly string[];
  /** Requests that have come in at once, at the most. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

/** @param together as many requests are let in before any is read */
export async function startByteSink(together: number): Promise<ByteSink> {
  const hashes: string[] = [];
  const all = Promise.withResolvers<void>();
  let underWay = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    if (underWay === together) all.resolve();
    await all.promise;
    const sum = createHash('sha256');
    for await (const chunk of request as AsyncIterable<Uint8Array>) sum.update(chunk);
    hashes.push(sum.digest('hex'));
    underWay -= 1;
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    hashes,
    mostAtOnce: () => most,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

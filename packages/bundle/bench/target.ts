/** The target of deliveries, a process of its own: answers 204. Prints its URL; ends when its standard input does. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end());
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}/hook\n`);
});
process.stdin.resume().on('end', () => process.exit(0));

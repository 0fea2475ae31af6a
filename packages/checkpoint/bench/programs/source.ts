/**
 * An S3 server with visit events, in a process of its own. Its argument is `{"events": N}`; the first line of its output
 * tells where it is. A line `{"add": N}` on standard input adds events, newer than those that are there; `{"reset": true}`
 * tells the requests since the last reset. Each is answered with a line.
 */

import { createInterface } from 'node:readline';
import { createS3ObjectStore } from '@millrace/core/aws';
import { startS3Server } from '@millrace/core/testing/aws';
import pMap from 'p-map';
import { generateVisitEvents } from '../../src/testing/generate-visit-events.ts';
import { clientOf, SOURCE, TARGET } from './place.ts';

const WRITES_AT_ONCE = 50;
/** Of a seed that no other batch has; each begins where a year of events would end. */
const YEAR_MS = 31_536_000_000;

const { events }: { events: number } = JSON.parse(process.argv[2] ?? '{}');
const server = await startS3Server({ buckets: [SOURCE, TARGET], verifySignatures: false });
const { url, region, credentials } = server;
const client = clientOf({ url, region, credentials });
const store = createS3ObjectStore({ client, bucket: SOURCE });
let batches = 0;

async function add(count: number): Promise<void> {
  const start = Date.UTC(2020, 0, 1) + batches * YEAR_MS;
  batches += 1;
  await pMap(
    generateVisitEvents({ count, seed: batches, start, step: 500 }),
    ({ name, bytes }) => store.put(name, bytes),
    { concurrency: WRITES_AT_ONCE },
  );
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await add(events);
server.resetCounts();
tell({ url, region, credentials });
for await (const line of createInterface({ input: process.stdin })) {
  const command: { readonly add?: number } = JSON.parse(line);
  if (command.add !== undefined) await add(command.add);
  tell(server.counts());
  server.resetCounts();
}

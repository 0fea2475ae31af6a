import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { memoryBytes } from '../../bench/delivery/process-stats.ts';
import { startByteSink } from '../support/byte-sink.ts';
import { messageInput } from '../support/messages.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

const MEGABYTE = 1_024 * 1_024;
const BODIES = 20;
const BODY_BYTES = 20 * MEGABYTE;
/** Over what an idle server takes; all bodies together are 400 MB. */
const ALLOWED_BYTES = 50 * MEGABYTE;

let sandbox: Sandbox;
let closing: (() => Promise<void>)[];
beforeEach(() => {
  sandbox = createSandbox();
  closing = [];
});
afterEach(async () => {
  await sandbox.clean();
  await Promise.all(closing.map((close) => close()));
});

/** From now on the kernel tells the peak anew. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Bodies that differ. */
function bodyOf(index: number): Buffer {
  return Buffer.alloc(BODY_BYTES, `body ${index} of many `);
}

describe('millrace up with large bodies', () => {
  test('takes and delivers twenty at once, each as it came, in flat memory', async () => {
    // Two, as one origin alone does not get so many at once from the beginning.
    const sinks = await Promise.all([startByteSink(BODIES / 2), startByteSink(BODIES / 2)]);
    closing.push(...sinks.map(({ close }) => close));
    const { url, pid } = await sandbox.start({ folder: await sandbox.folder() });
    const client = sandbox.client(url, BODIES);
    // What the first message of all loads is not of these.
    const receiver = await sandbox.receiver(() => 200);
    await client.send(messageInput({ targetUrl: receiver.url, body: 'x'.repeat(200_000) }));
    await until('a first one is delivered', async () => (await client.stats()).succeeded === 1);
    const idle = memoryBytes(pid).now;
    forgetPeak(pid);

    const sent = await Promise.all(
      Array.from({ length: BODIES }, async (_, index) => {
        const body = bodyOf(index);
        const sha256 = hash('sha256', body);
        const ticket = await client.beginUpload({ senderId: 'billing', sha256, size: body.length });
        const { status } = await fetch(ticket.uploadUrl, { method: 'PUT', body });
        expect(status).toBe(200);
        return { sha256, payloadId: ticket.payloadId };
      }),
    );
    const uploading = memoryBytes(pid).peak;
    for (const [index, { payloadId }] of sent.entries()) {
      const targetUrl = sinks[index % 2]?.url ?? '';
      await client.send(messageInput({ messageId: `m-${index}`, targetUrl, payloadId }));
    }
    await until('all are delivered', async () => (await client.stats()).succeeded === BODIES + 1);
    expect(sinks.flatMap(({ hashes }) => hashes).sort()).toEqual(sent.map(({ sha256 }) => sha256).sort());
    expect(sinks.map(({ mostAtOnce }) => mostAtOnce())).toEqual([BODIES / 2, BODIES / 2]);
    const { peak } = memoryBytes(pid);
    expect(uploading - idle).toBeLessThan(ALLOWED_BYTES);
    expect(peak - idle).toBeLessThan(ALLOWED_BYTES);
  });
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { messageInput } from '../support/messages.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

jest.setTimeout(120_000);

const SLOW_CLIENTS = 200;

let sandbox: Sandbox;
let folder: string;
beforeEach(async () => {
  sandbox = createSandbox();
  folder = await sandbox.folder();
});
afterEach(() => sandbox.clean());

describe('millrace up', () => {
  test('serves others while hundreds of clients have sent half a request, and those when they send the rest', async () => {
    const receiver = await sandbox.receiver(() => 200);
    const { url } = await sandbox.start({ folder });
    const messages = Array.from({ length: SLOW_CLIENTS }, (_, index) =>
      messageInput({ messageId: `slow-${index}`, targetUrl: receiver.url, body: 'x'.repeat(1_000) }),
    );
    const slow = await Promise.all(
      messages.map(async (message) => {
        const client = await connectRaw(url);
        const request = postText('/message', message);
        await client.write(request.slice(0, -500));
        return { client, rest: request.slice(-500) };
      }),
    );

    const client = sandbox.client(url);
    for (let i = 0; i < 20; i++) await client.send(messageInput({ messageId: `quick-${i}`, targetUrl: receiver.url }));
    await until('the quick ones are delivered', () => receiver.receptions.length === 20);
    expect(slow.map((each) => each.client.received())).toEqual(Array(SLOW_CLIENTS).fill(''));

    for (const each of slow) await each.client.write(each.rest);
    for (const each of slow) await each.client.receives(/^HTTP\/1\.1 202 /);
    for (const each of slow) each.client.socket.destroy();
    await until('everything is delivered', () => receiver.distinct() === 20 + SLOW_CLIENTS);
  });
});

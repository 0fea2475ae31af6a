/** Real input: the webhook payloads that GitHub documents, as messages for three targets. */

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { MessageInput } from '../src/api-shapes.ts';

export type TargetName = 'healthy' | 'flaky' | 'down';

export interface Webhook {
  readonly target: TargetName;
  readonly message: MessageInput;
  /** SHA-256 of the body. */
  readonly digest: string;
}

/** Of every ten webhooks: six for the healthy target, three for the flaky one, one for the one that is down. */
const SHARES: readonly TargetName[] = [
  ...Array<TargetName>(6).fill('healthy'),
  ...Array<TargetName>(3).fill('flaky'),
  'down',
];
/** One more than the flaky target's failures: the crash in the middle may cost an attempt. */
const FLAKY_ATTEMPTS = 5;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param urls where the targets are */
export function readWebhooks(urls: Readonly<Record<TargetName, string>>, timestamp: string): readonly Webhook[] {
  const require = createRequire(import.meta.url);
  const events = require('@octokit/webhooks-examples') as { name: string; examples: readonly unknown[] }[];
  const payloads = events.flatMap(({ name, examples }) => examples.map((example) => ({ name, example })));

  return payloads.map(({ name, example }, index) => {
    const target = SHARES[index % SHARES.length] ?? 'healthy';
    const body = JSON.stringify(example);
    const message: MessageInput = {
      messageId: `${name}-${index}`,
      senderId: 'github',
      timestamp,
      targetUrl: urls[target],
      headers: { 'content-type': 'application/json', 'X-GitHub-Event': name },
      body,
      ...(target === 'flaky' ? { retry: { maxAttempts: FLAKY_ATTEMPTS } } : {}),
    };
    return { target, message, digest: sha256(body) };
  });
}

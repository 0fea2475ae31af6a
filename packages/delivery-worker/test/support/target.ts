import type { PayloadStore } from '@millrace/core';
import type { TimingsListener } from '../../src/exchange-timings.ts';
import { createHttpTarget, type HttpTargetOptions, type Signing, type Target } from '../../src/http-target.ts';
import { aSigning } from './signing.ts';

/** Longer than any test: for exchanges that must end by themselves. */
export const LONG_MS = 20_000;

interface TestTarget extends Target {
  send(
    entry: Parameters<Target['send']>[0],
    deadlineMs: number,
    signing?: Signing,
    observe?: TimingsListener,
  ): ReturnType<Target['send']>;
}

/** Where no message has its body. */
const NO_PAYLOADS: Pick<PayloadStore, 'open'> = {
  open: ({ key }) => Promise.reject(new Error(`nobody put the payload ${key}`)),
};

/** A target that may be on this machine, and whose requests are signed with any secret, unless a test says with which. */
export function makeTarget(options: Partial<HttpTargetOptions> = {}): TestTarget {
  const target = createHttpTarget({
    connectTimeoutMs: LONG_MS,
    connections: 4,
    userAgent: 'Millrace/test',
    allowedPrivateCidrs: ['127.0.0.0/8'],
    payloads: NO_PAYLOADS,
    ...options,
  });
  return {
    ...target,
    send: (entry, deadlineMs, signing = aSigning(), observe = undefined) =>
      target.send(entry, deadlineMs, signing, observe),
  };
}

import type { PayloadStore } from '@millrace/core';
import { createHttpTarget, type HttpTargetOptions, type Target } from '../../src/http-target.ts';

/** Longer than any test: for exchanges that must end by themselves. */
export const LONG_MS = 20_000;

/** Where no message has its body. */
const NO_PAYLOADS: Pick<PayloadStore, 'open'> = {
  open: ({ key }) => Promise.reject(new Error(`nobody put the payload ${key}`)),
};

export function makeTarget(options: Partial<HttpTargetOptions> = {}): Target {
  return createHttpTarget({
    connectTimeoutMs: LONG_MS,
    connections: 4,
    userAgent: 'Millrace/test',
    payloads: NO_PAYLOADS,
    ...options,
  });
}

import { createHttpTarget, type HttpTargetOptions, type Target } from '../../src/http-target.ts';

/** Longer than any test: for exchanges that must end by themselves. */
export const LONG_MS = 20_000;

/** A target that may be on this machine. */
export function makeTarget(options: Partial<HttpTargetOptions> = {}): Target {
  return createHttpTarget({
    connectTimeoutMs: LONG_MS,
    connections: 4,
    userAgent: 'Millrace/test',
    allowedPrivateCidrs: ['127.0.0.0/8'],
    ...options,
  });
}

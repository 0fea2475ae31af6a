import type { EmfMetrics } from './emf-metrics.ts';

/** A handler whose metrics are written at the end of each invocation: what comes later freezes with the function. */
export function flushing<Args extends readonly unknown[], Answer>(
  metrics: Pick<EmfMetrics, 'flush'>,
  handler: (...args: Args) => Promise<Answer>,
): (...args: Args) => Promise<Answer> {
  return async (...args) => {
    try {
      return await handler(...args);
    } finally {
      metrics.flush();
    }
  };
}

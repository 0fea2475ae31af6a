import { assertAllSenders, type CallerHandler } from './caller.ts';

/** The metrics as text, in the exposition format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  render(): Promise<string>;
}

/** `GET /metrics`: they are over all senders, so that only who may act for all of them may see them. */
export function getMetrics({ contentType, render }: MetricsText): CallerHandler {
  return async (c, caller) => {
    assertAllSenders(caller, 'the metrics are over all senders, and for all of them only');
    return c.body(await render(), 200, { 'content-type': contentType });
  };
}

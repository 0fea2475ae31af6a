import type { Api } from './api.ts';

/** Accepts the messages and lets the delivery of each fail for good. */
export async function fail(api: Pick<Api, 'client' | 'store'>, ...messages: readonly object[]): Promise<void> {
  for (const message of messages) await api.client.post('/message', message);
  const { entries } = await api.store.take(100);
  await api.store.claim(entries.map((entry) => ({ entry, token: 'a', leaseMs: 1_000 })));
  const result = { kind: 'failure', reason: 'rejected', requested: true } as const;
  const error = { statusCode: 404, message: 'HTTP 404' };
  await api.store.settle(entries.map((entry) => ({ entry, token: 'a', result, error })));
}

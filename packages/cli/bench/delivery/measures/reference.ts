import { type Bench, CONNECTIONS, postRaw } from '../bench.ts';
import type { Row } from '../report.ts';

/** Requests per second from the generator straight to the receiver: same bodies, undici, no store. */
async function rate(bench: Bench, connections: number, forMs: number): Promise<number> {
  await bench.receiver.reset(0, 0);
  const { report } = await postRaw(bench, { count: Number.MAX_SAFE_INTEGER, connections, forMs });
  return report.requestsPerSecond;
}

/** The better of two runs: no ratio is to profit from a reference that was disturbed. */
async function bestRate(bench: Bench, connections: number): Promise<number> {
  const { referenceMs } = bench.sizes;
  return Math.max(await rate(bench, connections, referenceMs), await rate(bench, connections, referenceMs));
}

export async function measureReferenceRate(bench: Bench): Promise<number> {
  await rate(bench, CONNECTIONS, bench.sizes.referenceMs / 2);
  return bestRate(bench, CONNECTIONS);
}

export async function reference(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  const row = (connections: number, value: number): Row => ({
    name: `reference: undici to the receiver, ${connections} connection${connections === 1 ? '' : 's'}`,
    value,
    unit: 'requests/s',
    reference: null,
  });
  rows.push(row(CONNECTIONS, await bench.referenceRate()));
  for (const connections of [1, 128])
    rows.push(row(connections, await rate(bench, connections, bench.sizes.referenceMs)));
  return rows;
}

import { readFileSync } from 'node:fs';
import { acceptAndDeliver, type Bench, postRaw } from '../bench.ts';
import { percentile, sorted } from '../percentile.ts';
import type { Row } from '../report.ts';
import { startMillrace } from '../system-under-test.ts';

/** Messages per second, and the goals for 2xx to arrival in milliseconds. */
const RATES = [
  { rate: 200, p50: 2, p99: 12 },
  { rate: 2_000, p50: 5, p99: 40 },
];
const CONNECTIONS = 512;

/** From accept to arrival at fixed rates, one message a POST. */
export async function latency(bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const goals of RATES) rows.push(...(await latencyAt(bench, goals)));
  return rows;
}

async function latencyAt(bench: Bench, { rate, p50, p99 }: (typeof RATES)[number]): Promise<Row[]> {
  const millrace = await startMillrace(bench.workbench, { data: bench.workbench.path('latency') });
  await acceptAndDeliver(bench, millrace, { count: bench.sizes.warmUpMessages });

  const count = Math.floor((rate * bench.sizes.latencyMs) / 1_000);
  const answersFile = bench.workbench.path('answers');
  const { sent } = await acceptAndDeliver(bench, millrace, { count, rate, connections: CONNECTIONS, answersFile });
  const arrivals = await bench.receiver.arrivals();
  await millrace.stop();
  const answers = readTimes(answersFile);
  const dueAt = (index: number) => sent.startMs + (index * 1_000) / rate;
  const fromAccept = sorted(arrivals.map((arrival, index) => arrival - (answers[index] ?? Number.NaN)));
  const fromDue = sorted(arrivals.map((arrival, index) => arrival - dueAt(index)));
  const rawFromDue = await rawLatency(bench, rate, count);

  const row = (name: string, value: number, goal: number | undefined, reference: number | null): Row => ({
    name: `${rate.toLocaleString('en-US')}/s: ${name}`,
    value,
    unit: 'ms',
    reference,
    ...(goal === undefined ? {} : { goal: { of: 'value', atMost: goal } }),
  });
  return [
    row('2xx to arrival, p50', percentile(fromAccept, 50), p50, null),
    row('2xx to arrival, p99', percentile(fromAccept, 99), p99, null),
    row('scheduled to arrival, p50', percentile(fromDue, 50), undefined, percentile(rawFromDue, 50)),
    row('scheduled to arrival, p99', percentile(fromDue, 99), undefined, percentile(rawFromDue, 99)),
  ];
}

/** The same schedule straight to the receiver: what the way itself takes. */
async function rawLatency(bench: Bench, rate: number, count: number): Promise<Float64Array> {
  const firstNumber = bench.reserve(count);
  await bench.receiver.reset(firstNumber, count);
  const { startMs } = await postRaw(bench, { count, rate, connections: CONNECTIONS, firstNumber });
  const arrivals = await bench.receiver.arrivals();
  return sorted(arrivals.map((arrival, index) => arrival - (startMs + (index * 1_000) / rate)));
}

function readTimes(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

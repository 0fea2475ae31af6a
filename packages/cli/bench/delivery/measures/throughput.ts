import { acceptAndDeliver, type Bench } from '../bench.ts';
import { cpuSeconds, folderBytes, hasProc, memoryBytes } from '../process-stats.ts';
import type { Goal, Row } from '../report.ts';
import { startMillrace, waitUntilSettled } from '../system-under-test.ts';

interface Shape {
  readonly name: string;
  readonly batch: number;
  readonly messages: number;
  readonly acceptGoal?: Goal;
  readonly deliverGoal: Goal;
}

const SETTLE_LIMIT_MS = 30_000;
const CPU_GOAL: Goal = { of: 'value', atMost: 0.35 };

/** One message a POST, 64 connections. */
export function single(bench: Bench): Promise<Row[]> {
  return throughput(bench, {
    name: 'one a POST',
    batch: 1,
    messages: bench.sizes.singleMessages,
    deliverGoal: { of: 'ratio', atLeast: 0.25 },
  });
}

/** A hundred messages a POST, 64 connections. */
export function batch(bench: Bench): Promise<Row[]> {
  return throughput(bench, {
    name: '100 a POST',
    batch: 100,
    messages: bench.sizes.batchMessages,
    acceptGoal: { of: 'ratio', atLeast: 1.2 },
    deliverGoal: { of: 'ratio', atLeast: 0.4 },
  });
}

async function throughput(bench: Bench, shape: Shape): Promise<Row[]> {
  const reference = await bench.referenceRate();
  const data = bench.workbench.path('throughput');
  const millrace = await startMillrace(bench.workbench, { data });
  await acceptAndDeliver(bench, millrace, { batch: shape.batch, count: bench.sizes.warmUpMessages });
  await waitUntilSettled(millrace, SETTLE_LIMIT_MS);

  const cpuBefore = hasProc ? cpuSeconds(millrace.pid) : Number.NaN;
  const { sent, deliveredPerSecond } = await acceptAndDeliver(bench, millrace, {
    batch: shape.batch,
    count: shape.messages,
  });
  await waitUntilSettled(millrace, SETTLE_LIMIT_MS);
  const cpu = hasProc ? cpuSeconds(millrace.pid) - cpuBefore : null;
  const peak = hasProc ? memoryBytes(millrace.pid).peak : null;
  const bytes = folderBytes(data);
  await millrace.stop();

  const thousands = shape.messages / 1_000;
  const stored = shape.messages + bench.sizes.warmUpMessages;
  const row = (name: string, value: number | null, unit: string): Row => ({
    name: `${shape.name}: ${name}`,
    value,
    unit,
    reference: null,
  });
  return [
    {
      ...row('accepted', sent.report.messagesPerSecond, 'messages/s'),
      reference,
      ...(shape.acceptGoal === undefined ? {} : { goal: shape.acceptGoal }),
    },
    { ...row('delivered', deliveredPerSecond, 'messages/s'), reference, goal: shape.deliverGoal },
    row('p50 of accept', sent.report.latencyMs.p50, 'ms'),
    row('p99 of accept', sent.report.latencyMs.p99, 'ms'),
    { ...row('CPU per 1,000 messages', cpu === null ? null : cpu / thousands, 's'), goal: CPU_GOAL },
    row('peak memory', peak === null ? null : peak / 2 ** 20, 'MiB'),
    row('disk per message', bytes / stored, 'bytes'),
  ];
}

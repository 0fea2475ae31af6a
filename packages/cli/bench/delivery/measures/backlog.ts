import { accept, type Bench } from '../bench.ts';
import { folderBytes, hasProc, memoryBytes } from '../process-stats.ts';
import type { Goal, Row } from '../report.ts';
import { startMillrace } from '../system-under-test.ts';
import { waitFor } from '../wait-for.ts';

const BATCH = 100;
/** Left out of the rate: the first moments of a process are of its compiler. */
const WARM_UP_MS = 2_000;
const FIRST_ARRIVAL_LIMIT_MS = 120_000;
/** The end of a short backlog is not full load. */
const DRAINED_PART = 0.9;

const WITHIN_20_PERCENT: Goal = { of: 'ratio', atLeast: 0.8 };
const MEMORY_GOAL: Goal = { of: 'value', atMost: 300 };

/** Accept and deliver with a backlog, each beside the same with an empty store, or a short backlog. */
export async function backlog(bench: Bench): Promise<Row[]> {
  const { backlogMessages, backlogSampleMessages, warmUpMessages } = bench.sizes;
  // Enough for the time of the measure, at rates that one machine can reach.
  const shortBacklog = Math.min(backlogMessages / 5, bench.sizes.drainMs * 10);
  const shortData = bench.workbench.path('short-backlog');
  const data = bench.workbench.path('backlog');

  bench.say(`backlog: filling ${shortBacklog} messages`);
  const shortFill = await fill(bench, shortData, shortBacklog, []);
  const shortDrain = await drain(bench, shortData, shortFill.firstNumber, shortBacklog);

  bench.say(`backlog: filling ${backlogMessages} messages`);
  const full = await fill(bench, data, backlogMessages, [
    { skip: warmUpMessages, count: backlogSampleMessages },
    { skip: backlogMessages - warmUpMessages - 2 * backlogSampleMessages, count: backlogSampleMessages },
  ]);
  const [emptyRate = null, fullRate = null] = full.rates;
  const bytes = folderBytes(data);
  const fullDrain = await drain(bench, data, full.firstNumber, backlogMessages);

  const size = backlogMessages.toLocaleString('en-US');
  const row = (name: string, value: number | null, unit: string): Row => ({
    name: `backlog of ${size}: ${name}`,
    value,
    unit,
    reference: null,
  });
  return [
    {
      ...row('accepted, 100 a POST', fullRate, 'messages/s'),
      reference: emptyRate,
      goal: WITHIN_20_PERCENT,
      note: 'the reference is the same process with an empty store',
    },
    {
      ...row('delivered', fullDrain.perSecond, 'messages/s'),
      reference: shortDrain.perSecond,
      goal: WITHIN_20_PERCENT,
      note: `the reference is a backlog of ${shortBacklog.toLocaleString('en-US')}; nothing is accepted meanwhile`,
    },
    { ...row('peak memory, accepting', full.peakMiB, 'MiB'), goal: MEMORY_GOAL },
    { ...row('peak memory, delivering', fullDrain.peakMiB, 'MiB'), goal: MEMORY_GOAL },
    row('start to listening', fullDrain.listening, 's'),
    row('start to first arrival', fullDrain.firstArrival, 's'),
    row('disk per message', bytes / backlogMessages, 'bytes'),
  ];
}

interface Sample {
  /** Messages before the sample. */
  readonly skip: number;
  readonly count: number;
}

interface Filled {
  readonly firstNumber: number;
  /** Accepted per second in each sample. */
  readonly rates: readonly number[];
  readonly peakMiB: number | null;
}

/** Accepts so many messages with delivery switched off, and stops. */
async function fill(bench: Bench, data: string, messages: number, samples: readonly Sample[]): Promise<Filled> {
  const millrace = await startMillrace(bench.workbench, { data, delivery: false });
  const firstNumber = bench.reserve(messages);
  const rates: number[] = [];
  let sent = 0;
  const post = async (count: number) => {
    if (count <= 0) return 0;
    const { report } = await accept(bench, millrace, { batch: BATCH, count, firstNumber: firstNumber + sent });
    sent += count;
    return report.messagesPerSecond;
  };
  for (const { skip, count } of samples) {
    await post(skip);
    rates.push(await post(count));
  }
  await post(messages - sent);
  const peakMiB = peakMemoryMiB(millrace.pid);
  await millrace.stop();
  return { firstNumber, rates, peakMiB };
}

interface Drained {
  readonly perSecond: number;
  readonly peakMiB: number | null;
  /** Seconds from the start of the process. */
  readonly listening: number;
  readonly firstArrival: number;
}

/** Starts with delivery on a folder that was filled, and watches for a while what arrives. */
async function drain(bench: Bench, data: string, firstNumber: number, messages: number): Promise<Drained> {
  const { receiver, sizes, workbench } = bench;
  await receiver.reset(firstNumber, messages);
  const before = await receiver.stats();
  const millrace = await startMillrace(workbench, { data });
  const begun = await waitFor(
    async () => {
      const stats = await receiver.stats();
      return stats.firstMs === null || stats.nowMs < stats.firstMs + WARM_UP_MS ? undefined : stats;
    },
    { timeoutMs: FIRST_ARRIVAL_LIMIT_MS },
  );
  if (begun === undefined) throw new Error('nothing of the backlog was delivered');
  const enough = begun.distinct + (messages - begun.distinct) * DRAINED_PART;
  const isOver = async () => {
    const stats = await receiver.stats();
    return stats.distinct >= enough ? stats : undefined;
  };
  const over = (await waitFor(isOver, { timeoutMs: sizes.drainMs, everyMs: 50 })) ?? (await receiver.stats());
  const peakMiB = peakMemoryMiB(millrace.pid);
  await millrace.kill();
  return {
    perSecond: ((over.distinct - begun.distinct) * 1_000) / (over.nowMs - begun.nowMs),
    peakMiB,
    listening: millrace.startedInMs / 1_000,
    firstArrival: ((begun.firstMs ?? Number.NaN) - before.nowMs) / 1_000,
  };
}

function peakMemoryMiB(pid: number): number | null {
  return hasProc ? memoryBytes(pid).peak / 2 ** 20 : null;
}

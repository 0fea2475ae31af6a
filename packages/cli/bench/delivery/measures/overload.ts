import { acceptAndDeliver, type Bench, messagesJob } from '../bench.ts';
import { hasProc, memoryBytes } from '../process-stats.ts';
import type { Row } from '../report.ts';
import {
  type Millrace,
  startGenerator,
  startMillrace,
  waitForArrivals,
  waitUntilSettled,
} from '../system-under-test.ts';
import { percentile, readTimes, sorted } from '../times.ts';

/** Of what it takes: a load that it carries with ease, and one that it cannot. */
const EASY = 0.8;
const TOO_MUCH = 2;
/** Enough that refusals never wait for a connection. */
const CONNECTIONS = 512;
/** Left out of the latencies: what it takes to see that this is more than a burst, and to work off what had queued. */
const ONSET_MS = 2_000;
/** What was accepted is delivered within this time. */
const SETTLE_LIMIT_MS = 180_000;

/** One message a POST: what it takes, and what it does when twice as much comes for a while. */
export async function overload(bench: Bench): Promise<Row[]> {
  const millrace = await startMillrace(bench.workbench, { data: bench.workbench.path('overload') });
  await acceptAndDeliver(bench, millrace, { count: bench.sizes.warmUpMessages });
  const { sent } = await acceptAndDeliver(bench, millrace, { count: bench.sizes.singleMessages });
  await waitUntilSettled(millrace, SETTLE_LIMIT_MS);
  const capacity = sent.report.messagesPerSecond;

  const easy = await offer(bench, millrace, capacity * EASY);
  const tooMuch = await offer(bench, millrace, capacity * TOO_MUCH);
  const stats = await millrace.stats();
  const peak = hasProc ? memoryBytes(millrace.pid).peak : null;
  await millrace.stop();

  const row = (name: string, value: number | null, unit: string, reference: number | null = null): Row => ({
    name: `overload: ${name}`,
    value,
    unit,
    reference,
  });
  return [
    row('taken, 64 connections', capacity, 'messages/s'),
    {
      ...row('accepted when twice that is offered', tooMuch.acceptedPerSecond, 'messages/s', capacity),
      note: `offered ${Math.round(tooMuch.offeredPerSecond)}/s; refused with ${tooMuch.said}`,
    },
    row('refused then', 100 * tooMuch.refusedPart, '%'),
    row('refused at 80 %', 100 * easy.refusedPart, '%'),
    row('scheduled to 2xx then, p50', percentile(tooMuch.latencies, 50), 'ms', percentile(easy.latencies, 50)),
    {
      ...row('scheduled to 2xx then, p99', percentile(tooMuch.latencies, 99), 'ms', percentile(easy.latencies, 99)),
      goal: { of: 'ratio', atMost: 2 },
      note: 'the reference is the same at 80 % of what it takes; the first 2 s are left out of both',
    },
    {
      ...row('answered 2xx and not delivered', tooMuch.lost + easy.lost, 'messages'),
      goal: { of: 'value', atMost: 0 },
    },
    {
      ...row('difference of the accounting', Math.abs(stats.difference), 'messages'),
      goal: { of: 'value', atMost: 0 },
    },
    row('peak memory', peak === null ? null : peak / 2 ** 20, 'MiB'),
  ];
}

interface Offered {
  readonly acceptedPerSecond: number;
  readonly offeredPerSecond: number;
  readonly refusedPart: number;
  /** Statuses and errors, with how many messages each. */
  readonly said: string;
  /** Of accepted messages after the onset, from when they were due to their 2xx, sorted; milliseconds. */
  readonly latencies: Float64Array;
  /** Messages that were answered with 2xx and did not arrive. */
  readonly lost: number;
}

/** Offers messages at a rate for a while, and waits until all that were accepted are delivered. */
async function offer(bench: Bench, millrace: Millrace, rate: number): Promise<Offered> {
  const { overloadMs } = bench.sizes;
  const count = Math.floor((rate * overloadMs) / 1_000);
  const firstNumber = bench.reserve(count);
  await bench.receiver.reset(firstNumber, count);
  const answersFile = bench.workbench.path('answers');
  const job = { count, rate, connections: CONNECTIONS, firstNumber, answersFile };
  const { report, startMs } = await startGenerator(bench.workbench, messagesJob(bench, millrace, job)).result;
  await waitForArrivals(bench.receiver, report.accepted, SETTLE_LIMIT_MS);
  await waitUntilSettled(millrace, SETTLE_LIMIT_MS);

  const answers = readTimes(answersFile);
  const arrivals = await bench.receiver.arrivals();
  const lost = answers.filter((answer, index) => !Number.isNaN(answer) && Number.isNaN(arrivals[index])).length;
  const said = Object.entries(report.errors).map(([what, { messages }]) => `${what} (${messages})`);
  return {
    acceptedPerSecond: report.accepted / report.seconds,
    offeredPerSecond: report.messages / report.seconds,
    refusedPart: report.refused / Math.max(1, report.messages),
    said: said.length === 0 ? 'nothing' : said.join(', '),
    latencies: sorted(
      answers
        .map((answer, index) => answer - (startMs + (index * 1_000) / rate))
        .slice(Math.floor((rate * ONSET_MS) / 1_000)),
    ),
    lost,
  };
}

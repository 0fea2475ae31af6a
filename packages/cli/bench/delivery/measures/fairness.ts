import { setTimeout as sleep } from 'node:timers/promises';
import { messageBodyWriter } from '../../../src/load/request-bodies.ts';
import type { Bench } from '../bench.ts';
import { type HookServer, startHookServer } from '../hook-servers.ts';
import { monotonicMs } from '../monotonic.ts';
import type { Row } from '../report.ts';
import { type Millrace, startMillrace } from '../system-under-test.ts';
import { percentile, sorted } from '../times.ts';
import { waitFor } from '../wait-for.ts';

const TARGETS = 10;
/** Messages per second, to all targets together. */
const RATE = 200;
const BATCH = 100;
const WARM_UP_MS = 2_000;
const HANG_LIMIT_MS = 20_000;
const RETRY_MS = 200;
const MOST_TRIES = 20;
/** After the last message, arrivals are waited for this long. */
const ARRIVAL_LIMIT_MS = 5_000;

/** A server, and ten senders with a target each. */
interface World {
  readonly millrace: Millrace;
  readonly targets: readonly HookServer[];
}

/**
 * What nine targets see of a tenth that is dead. The reference is a second server whose targets are all healthy, under
 * the same load in the same moments: what disturbs the machine disturbs both.
 */
export async function fairness(bench: Bench): Promise<Row[]> {
  const { latencyMs, fairnessBacklog } = bench.sizes;
  const targets = await Promise.all(Array.from({ length: 2 * TARGETS }, startHookServer));
  const [dead] = targets;
  if (dead === undefined) throw new Error('there are no targets');
  try {
    const beside = await startWorld(bench, 'beside', targets.slice(0, TARGETS));
    const healthy = await startWorld(bench, 'healthy', targets.slice(TARGETS));
    await Promise.all([post(bench, beside, WARM_UP_MS), post(bench, healthy, WARM_UP_MS)]);

    dead.die();
    bench.say(`fairness: filling ${fairnessBacklog} messages to a target that answers nothing`);
    await fill(bench, beside.millrace, dead, fairnessBacklog);
    await waitFor(async () => (dead.hanging() > 0 ? true : undefined), { timeoutMs: HANG_LIMIT_MS });
    const [besideTimes, healthyTimes] = await Promise.all([
      timeOthers(bench, beside, latencyMs),
      timeOthers(bench, healthy, latencyMs),
    ]);
    bench.say(`fairness: ${dead.hanging()} requests hang, ${(await beside.millrace.stats()).waiting} messages wait`);
    await Promise.all([beside.millrace.kill(), healthy.millrace.kill()]);

    const backlog = fairnessBacklog.toLocaleString('en-US');
    const row = (percent: number): Row => ({
      name: `${RATE}/s to ${TARGETS} targets, one dead with ${backlog} waiting: the others, POST to arrival, p${percent}`,
      value: percentile(besideTimes, percent),
      unit: 'ms',
      reference: percentile(healthyTimes, percent),
      goal: { of: 'ratio', atMost: 2 },
      note: 'the reference is a second server in the same moments, with all targets healthy',
    });
    return [row(50), row(99)];
  } finally {
    for (const target of targets) target.close();
  }
}

async function startWorld(bench: Bench, name: string, targets: readonly HookServer[]): Promise<World> {
  return { millrace: await startMillrace(bench.workbench, { data: bench.workbench.path(name) }), targets };
}

/** Of all targets but the first: milliseconds from POST to arrival, ascending. */
async function timeOthers(bench: Bench, world: World, forMs: number): Promise<Float64Array> {
  return fromPostToArrival(await post(bench, world, forMs), world.targets.slice(1));
}

/** When each message was posted, by its number: monotonic milliseconds. */
type Posted = ReadonlyMap<number, number>;

function bodyWriter(bench: Bench, targets: readonly HookServer[], target: HookServer, batch: number) {
  const template = {
    senderId: `bench-${targets.indexOf(target)}`,
    targetUrl: target.url,
    timestamp: new Date().toISOString(),
    idPrefix: 'bench-',
    ids: 'sequential',
  } as const;
  return messageBodyWriter(template, bench.sizes.bodyBytes, batch);
}

/** Posts to the targets in turn at the rate, one message a POST, for so long; returns when all are answered. */
async function post(bench: Bench, { millrace, targets }: World, forMs: number): Promise<Posted> {
  const count = Math.floor((RATE * forMs) / 1_000);
  const first = bench.reserve(count);
  const writers = targets.map((target) => bodyWriter(bench, targets, target, 1));
  const posted = new Map<number, number>();
  const answers: Promise<void>[] = [];
  const startMs = monotonicMs();
  for (let index = 0; index < count; index++) {
    const waitMs = startMs + (index * 1_000) / RATE - monotonicMs();
    if (waitMs > 0) await sleep(waitMs);
    const body = writers[index % writers.length]?.(first + index, 1);
    posted.set(first + index, monotonicMs());
    const answer = send(`${millrace.url}/message`, body);
    // One that fails before the others are answered is a failure of the measure, not of the process.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  await Promise.all(answers);
  return posted;
}

async function fill(bench: Bench, millrace: Millrace, target: HookServer, count: number): Promise<void> {
  const first = bench.reserve(count);
  const write = bodyWriter(bench, [target], target, BATCH);
  for (let done = 0; done < count; done += BATCH) await send(`${millrace.url}/messages`, write(first + done, BATCH));
}

/**
 * Posts it again when the server has too much to do; the time is of the first try.
 *
 * @throws Error when it was not accepted: the numbers would be of something else
 */
async function send(url: string, body: Buffer | undefined): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  for (let tries = 1; ; tries++) {
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body ?? []) });
    await response.arrayBuffer();
    if (response.status === 202) return;
    if (response.status !== 503 || tries === MOST_TRIES) throw new Error(`${url} answered ${response.status}`);
    await sleep(RETRY_MS);
  }
}

/** Milliseconds, ascending, of the messages to these targets. */
async function fromPostToArrival(posted: Posted, targets: readonly HookServer[]): Promise<Float64Array> {
  const expected = Math.floor(posted.size / TARGETS) * targets.length;
  const look = (): Float64Array =>
    sorted(
      Float64Array.from(
        targets.flatMap(({ arrivals }) => [...posted].map(([number, at]) => (arrivals.get(number) ?? Number.NaN) - at)),
      ),
    );
  const all = async () => (look().length >= expected ? look() : undefined);
  const times = await waitFor(all, { timeoutMs: ARRIVAL_LIMIT_MS, everyMs: 100 });
  if (times === undefined) throw new Error(`only ${look().length} of ${expected} messages arrived`);
  return times;
}

import { acceptAndDeliver, type Bench } from '../bench.ts';
import { cpuSeconds, hasProc } from '../process-stats.ts';
import { measureProtectionCosts, type ProtectionCosts } from '../protection-costs.ts';
import type { Row } from '../report.ts';
import { createKey, type Millrace, startMillrace, waitUntilSettled } from '../system-under-test.ts';
import { median } from '../times.ts';

const SETTLE_LIMIT_MS = 30_000;
/** A process compiles what it uses for some ten thousand messages. */
const WARM_UP_ROUNDS = 3;

interface Round {
  readonly messages: number;
  readonly deliveredPerSecond: number;
  /** Seconds; null where it cannot be known. */
  readonly cpuPerThousand: number | null;
  /** Made to the target. */
  readonly connections: number;
}

/**
 * What protects targets and senders, by what it costs. Keys and breaker can be left out: two servers take turns, one
 * with and one without. Signing and the guard cannot: they are set against the CPU of a whole message.
 */
export async function protections(bench: Bench): Promise<Row[]> {
  const { warmUpMessages, protectionRounds, protectionMessages, bodyBytes } = bench.sizes;
  const protectedData = bench.workbench.path('protected');
  const key = await createKey(bench.workbench, protectedData);
  const guarded = await startMillrace(bench.workbench, { data: protectedData, key });
  const bare = await startMillrace(bench.workbench, { data: bench.workbench.path('bare'), breaker: false });

  const warmUps: Round[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    warmUps.push(await run(bench, guarded, warmUpMessages));
    await run(bench, bare, warmUpMessages);
  }
  const guardedRounds: Round[] = [];
  const bareRounds: Round[] = [];
  const turns = [
    { millrace: guarded, rounds: guardedRounds },
    { millrace: bare, rounds: bareRounds },
  ];
  for (let round = 0; round < protectionRounds; round++) {
    // Each is the first as often as the other.
    for (const { millrace, rounds } of round % 2 === 0 ? turns : turns.toReversed()) {
      rounds.push(await run(bench, millrace, protectionMessages));
    }
  }
  await Promise.all([guarded.stop(), bare.stop()]);

  const costs = await measureProtectionCosts({ folder: bench.workbench.path('costs'), bodyBytes });
  return [
    ...comparison(guardedRounds, bareRounds),
    ...shares(costs, [...warmUps, ...guardedRounds], medianCpu(guardedRounds)),
  ];
}

async function run(bench: Bench, millrace: Millrace, messages: number): Promise<Round> {
  const before = hasProc ? cpuSeconds(millrace.pid) : 0;
  const { deliveredPerSecond, stats } = await acceptAndDeliver(bench, millrace, { count: messages });
  await waitUntilSettled(millrace, SETTLE_LIMIT_MS);
  const cpuPerThousand = hasProc ? (cpuSeconds(millrace.pid) - before) / (messages / 1_000) : null;
  return { messages, deliveredPerSecond, cpuPerThousand, connections: stats.connections };
}

function medianCpu(rounds: readonly Round[]): number | null {
  const known = rounds.map(({ cpuPerThousand }) => cpuPerThousand).filter((cpu) => cpu !== null);
  return known.length === 0 ? null : median(known);
}

function comparison(guarded: readonly Round[], bare: readonly Round[]): Row[] {
  const rate = (rounds: readonly Round[]) => median(rounds.map(({ deliveredPerSecond }) => deliveredPerSecond));
  const [{ messages = 0 } = {}] = guarded;
  const note = `the reference is without both; medians of ${guarded.length} rounds of ${messages} messages, in turns`;
  return [
    {
      name: 'protections: CPU per 1,000 messages, with keys and breaker',
      value: medianCpu(guarded),
      unit: 's',
      reference: medianCpu(bare),
      goal: { of: 'ratio', atMost: 1.15 },
      note,
    },
    {
      name: 'protections: delivered, with keys and breaker',
      value: rate(guarded),
      unit: 'messages/s',
      reference: rate(bare),
      goal: { of: 'ratio', atLeast: 0.85 },
      note,
    },
  ];
}

/** @param cpuPerThousand seconds, of all that a message takes */
function shares(costs: ProtectionCosts, rounds: readonly Round[], cpuPerThousand: number | null): Row[] {
  const sum = (pick: (round: Round) => number) => rounds.reduce((total, round) => total + pick(round), 0);
  const connections = sum((round) => round.connections);
  const perConnection = sum((round) => round.messages) / connections;
  const all = costs.sign + costs.gate + costs.key + costs.address / perConnection;
  const wholeMicroseconds = cpuPerThousand === null ? null : cpuPerThousand * 1_000;
  const row = (name: string, value: number | null, unit: string): Row => ({
    name: `protections: ${name}`,
    value,
    unit,
    reference: null,
  });
  return [
    row('signing a body', costs.sign, 'µs'),
    row('asking the gate, a closed circuit', costs.gate, 'µs'),
    row('checking a key and its limits', costs.key, 'µs'),
    {
      ...row('checking an address', costs.address, 'µs'),
      note: `once a connection: ${connections} were made, one for ${perConnection.toFixed(0)} messages`,
    },
    {
      ...row('share of a message', wholeMicroseconds === null ? null : (100 * all) / wholeMicroseconds, '%'),
      goal: { of: 'value', atMost: 15 },
      note: `${all.toFixed(1)} µs, each part in a loop of its own, of ${wholeMicroseconds?.toFixed(0)} µs of CPU for all`,
    },
  ];
}

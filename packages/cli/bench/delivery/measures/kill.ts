import { type Bench, messagesJob } from '../bench.ts';
import { monotonicMs } from '../monotonic.ts';
import type { Goal, Row } from '../report.ts';
import { startGenerator, startMillrace } from '../system-under-test.ts';
import { waitFor } from '../wait-for.ts';

const RATE = 1_000;
/** The load goes on until it is stopped; this only bounds it. */
const LOAD_LIMIT_MS = 120_000;
const WARM_MESSAGES = 1_000;
/** So many requests are on their way, their answers held back, when the process is killed. */
const IN_FLIGHT = 16;
const IN_FLIGHT_LIMIT_MS = 10_000;
const RETURN_LIMIT_MS = 60_000;
const GOAL: Goal = { of: 'value', atMost: 3 };

interface Recovery {
  readonly inFlight: number;
  /** Seconds from the start of the new process. */
  readonly listening: number;
  readonly firstAgain: number;
  readonly allAgain: number;
}

/** `kill -9` under load with requests on their way, then a restart on the same folder and port. */
export async function kill(bench: Bench): Promise<Row[]> {
  const recoveries: Recovery[] = [];
  for (let i = 0; i < bench.sizes.kills; i++) recoveries.push(await killOnce(bench));
  const inFlight = recoveries.map((recovery) => recovery.inFlight).join(', ');
  const note = `the slowest of ${recoveries.length}; requests on their way: ${inFlight}`;
  const row = (name: string, of: (recovery: Recovery) => number): Row => ({
    name: `after kill -9: ${name}`,
    value: Math.max(...recoveries.map(of)),
    unit: 's',
    reference: null,
  });
  return [
    row('restart to listening', (recovery) => recovery.listening),
    { ...row('restart to the first of what was in flight', (recovery) => recovery.firstAgain), goal: GOAL },
    { ...row('restart to all of what was in flight', (recovery) => recovery.allAgain), goal: GOAL, note },
  ];
}

async function killOnce(bench: Bench): Promise<Recovery> {
  const { receiver, workbench } = bench;
  const data = workbench.path('kill');
  const millrace = await startMillrace(workbench, { data });
  const count = (RATE * LOAD_LIMIT_MS) / 1_000;
  const firstNumber = bench.reserve(count);
  await receiver.reset(firstNumber, count);
  const job = messagesJob(bench, millrace, { count, rate: RATE, forMs: LOAD_LIMIT_MS, firstNumber });
  const generator = startGenerator(workbench, job);
  await until(async () => (await receiver.stats()).distinct >= WARM_MESSAGES, LOAD_LIMIT_MS, 'messages to arrive');

  await receiver.hold();
  await until(async () => (await receiver.held()).held >= IN_FLIGHT, IN_FLIGHT_LIMIT_MS, 'requests on their way');
  await millrace.kill();
  await receiver.release();

  const restartedAt = monotonicMs();
  const successor = await startMillrace(workbench, { data, port: millrace.port });
  const again = await waitFor(
    async () => {
      const stats = await receiver.held();
      return stats.againMs.length >= stats.held ? stats : undefined;
    },
    { timeoutMs: RETURN_LIMIT_MS },
  );
  await generator.stop();
  await successor.stop();
  if (again === undefined) {
    const { held, againMs } = await receiver.held();
    throw new Error(`only ${againMs.length} of ${held} messages came again within ${RETURN_LIMIT_MS / 1_000} s`);
  }
  const seconds = (ms: number) => (ms - restartedAt) / 1_000;
  return {
    inFlight: again.held,
    listening: successor.startedInMs / 1_000,
    firstAgain: seconds(Math.min(...again.againMs)),
    allAgain: seconds(Math.max(...again.againMs)),
  };
}

async function until(isReached: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const ask = async () => ((await isReached()) ? true : undefined);
  if ((await waitFor(ask, { timeoutMs })) === undefined) throw new Error(`waited in vain for ${what}`);
}

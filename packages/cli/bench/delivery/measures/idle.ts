import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { cpuSeconds, hasProc, memoryBytes } from '../process-stats.ts';
import type { Row } from '../report.ts';
import { startMillrace } from '../system-under-test.ts';

/** What starting took is not idling. */
const AFTER_START_MS = 3_000;

/** Memory and CPU of a process with an empty store and nothing to do. */
export async function idle(bench: Bench): Promise<Row[]> {
  const millrace = await startMillrace(bench.workbench, { data: bench.workbench.path('idle') });
  const row = (name: string, value: number | null, unit: string, atMost: number): Row => ({
    name: `idle: ${name}`,
    value,
    unit,
    reference: null,
    goal: { of: 'value', atMost },
  });
  if (!hasProc) return [row('memory', null, 'MiB', 100), row('CPU', null, 'cores', 0.01)];
  await sleep(AFTER_START_MS);
  const before = cpuSeconds(millrace.pid);
  await sleep(bench.sizes.idleMs);
  const cores = (cpuSeconds(millrace.pid) - before) / (bench.sizes.idleMs / 1_000);
  const memory = memoryBytes(millrace.pid).now / 2 ** 20;
  await millrace.stop();
  return [row('memory', memory, 'MiB', 100), row('CPU', cores, 'cores', 0.01)];
}

import { describe, expect, test } from '@jest/globals';
import type { Fault, History } from '../src/history.ts';
import { createProcess, type Process } from '../src/process.ts';
import { createSim, type Sim } from '../src/sim.ts';

const SYSTEM = { workers: 2, batch: 1, maxReceives: 2, visibilityMs: 120_000, duplicates: 0, afterDeletion: 0 };

/** A process whose first call is struck by a fault. */
function aProcess(fault?: Fault): { readonly sim: Sim; readonly process: Process } {
  const faults = fault === undefined ? [] : [{ call: 'write', nth: 0, times: 1, fault }];
  const history: History = { world: 'aws', seed: 1, messages: [], outages: [], events: [], faults, system: SYSTEM };
  const sim = createSim(history, false);
  return { sim, process: createProcess(sim, 'p') };
}

/** What the caller and the outside saw of one call: the effect, and its answer. */
async function callOnce(fault?: Fault): Promise<readonly string[]> {
  const { sim, process } = aProcess(fault);
  const seen: string[] = [];
  process
    .call({ kind: 'write', subject: '' }, () => seen.push('effect'))
    .then(
      () => seen.push('answer'),
      () => seen.push('failure'),
    );
  await sim.timeline.run();
  return seen;
}

describe('a call of a process', () => {
  test.each<[Fault | undefined, readonly string[]]>([
    [undefined, ['effect', 'answer']],
    ['refused', ['failure']],
    ['throttled', ['failure']],
    ['partial', ['failure']],
    ['lost', ['effect', 'failure']],
    ['late', ['failure', 'effect']],
    ['slow', ['effect', 'answer']],
    ['slow-answer', ['effect', 'answer']],
    ['stalls', ['effect', 'answer']],
    ['dies-before', []],
    ['dies-after', ['effect']],
  ])('with the fault %s comes to %j', async (fault, expected) => {
    expect(await callOnce(fault)).toEqual(expected);
  });

  test('has the effect on a part of a batch when the others are refused', async () => {
    const { sim, process } = aProcess('partial');
    const effects: string[] = [];
    const call = process.call(
      { kind: 'write', subject: '' },
      () => effects.push('whole'),
      () => effects.push('part'),
    );
    await sim.timeline.run();
    await call;
    expect(effects).toEqual(['part']);
  });
});

describe('a process', () => {
  test('that is dead goes on with nothing, and calls nothing', async () => {
    const { sim, process } = aProcess();
    const seen: string[] = [];
    process.after(10, () => seen.push('timer'));
    void process.sleep(10).then(() => seen.push('woke up'));
    process.onDeath(() => seen.push('died'));
    process.die('killed');
    process.die('killed again');
    void process.call({ kind: 'write', subject: '' }, () => seen.push('effect'));
    await sim.timeline.run();
    expect(seen).toEqual(['died']);
  });

  test('that stands still goes on when it wakes up, with a clock that has gone on', async () => {
    const { sim, process } = aProcess();
    const started = process.clock.now();
    let woke = 0;
    process.after(10, () => {
      woke = process.clock.now();
    });
    process.pause(500);
    await sim.timeline.run();
    expect(woke - started).toBe(500);
  });

  test('has a clock of its own, and knows the latest time that it has shown', () => {
    const { process } = aProcess();
    const started = process.clock.now();
    process.setClock(5_000);
    expect(process.clock.now() - started).toBe(5_000);
    process.setClock(-1_000);
    expect(process.clock.now() - started).toBe(-1_000);
    expect(process.latestTime() - started).toBe(5_000);
    expect(process.skews()).toEqual({ most: 5_000, least: -1_000 });
  });
});

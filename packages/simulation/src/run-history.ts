/** Runs one history in its world, from its first post to the end of everything, and says whether a promise was broken. */

import { createAwsWorld } from './aws/aws-world.ts';
import { startClients } from './clients.ts';
import type { Coverage } from './coverage.ts';
import { checkBooks, checkCircuits, checkEnds, checkReplayed } from './final-checks.ts';
import type { Event, History } from './history.ts';
import { INVARIANTS } from './invariants.ts';
import { createMachineWorld } from './machine/machine-world.ts';
import { anOrphan, messagesOf } from './messages.ts';
import { type Operators, startOperators } from './operators.ts';
import { createSim, type Sim, START, type Violation } from './sim.ts';
import { createTargets } from './targets.ts';
import { createWitness, type Witness } from './witness.ts';
import type { SimWorld } from './world.ts';

export interface Outcome {
  readonly violation: Violation | undefined;
  readonly coverage: Coverage;
  /** What happened, a line each; empty unless it was asked for. */
  readonly steps: readonly string[];
}

const HOUR_MS = 3_600_000;
/** Faults strike, processes die and clocks are wrong for so long. */
const TROUBLE_MS = 3 * HOUR_MS;
/** Then everything must come to its end within this: the longest plan, and the waits of a queue. */
const PATIENCE_MS = 80 * HOUR_MS;
/** With targets that answer at once, and nothing that is left of an open circuit but its probe. */
const HEALED_MS = HOUR_MS;
/** Within this workers know of a release. */
const RELEASED_MS = 60_000;
/** Hours after all trouble is over at which circuits must not be open any more. */
const CIRCUIT_LOOKS = [1.5, 4];
/** More than the longest history: one that goes on and on gets nowhere. */
const MOST_HAPPENINGS = 30_000;
/** What the accounting calls overdue is late by this. */
const OVERDUE_MS = 31 * 60_000;
/** The accounting looks at days that are over. */
const DAYS_MS = 26 * HOUR_MS;

export async function runHistory(history: History, keepsSteps = false): Promise<Outcome> {
  const sim = createSim(history, keepsSteps);
  const messages = messagesOf(history);
  const { world, witness, targets } = createWorld(sim, messages);
  const operators = startOperators(sim, messages, world, witness);
  const orphans: string[] = [];
  startClients(sim, messages, world, witness);
  for (const [index, event] of history.events.entries()) {
    sim.timeline.at(START + event.at, () => disturb(sim, world, event, `o${index + 1}`, (name) => orphans.push(name)));
  }

  try {
    await runUntil(sim, START + TROUBLE_MS);
    sim.note('', () => 'all trouble is over');
    sim.faults.end();
    world.calm();
    for (const process of world.processes()) process.setClock(0);
    for (const hours of CIRCUIT_LOOKS) {
      await runUntil(sim, START + TROUBLE_MS + hours * HOUR_MS);
      checkCircuits(sim, witness);
    }
    await comeToRest(sim);
    await mendReplays(sim, world, operators);
    checkEnds(sim, world, witness, orphans);
    await audit(sim, world, witness);

    sim.note('', () => 'targets are well, and all dead letters are sent again');
    targets.heal();
    operators.releaseAll();
    await sim.timeline.run(sim.timeline.now() + RELEASED_MS);
    const failed = witness.rows().flatMap(({ name, status }) => (status === 'FAILED' ? [name] : []));
    for (const name of failed) operators.replay(name);
    await comeToRest(sim, HEALED_MS);
    checkReplayed(sim, witness, failed);
    await audit(sim, world, witness);
  } finally {
    sim.timeline.stop();
    world.close();
  }
  return { violation: sim.violation(), coverage: sim.coverage.counts(), steps: sim.steps };
}

function createWorld(sim: Sim, messages: ReturnType<typeof messagesOf>) {
  // Worlds tell the witness, who asks them for their queues: each is there when the other one speaks.
  if (sim.history.world === 'machine') {
    const witness = createWitness(sim, () => true);
    const targets = createTargets(sim, messages, witness);
    return { witness, targets, world: createMachineWorld(sim, targets, witness) };
  }
  const witness: Witness = createWitness(sim, (row) => world.queues.hasEntryFor(row));
  const targets = createTargets(sim, messages, witness);
  const world = createAwsWorld(sim, targets, witness);
  return { witness, targets, world };
}

function disturb(sim: Sim, world: SimWorld, event: Event, orphan: string, onOrphan: (name: string) => void): void {
  if (event.kind === 'orphan') world.addOrphan(anOrphan(orphan, sim.timeline.now()), () => onOrphan(orphan));
  if (!('process' in event)) return;
  const processes = world.processes();
  const process = processes[event.process % processes.length];
  if (process === undefined) return;
  switch (event.kind) {
    case 'death':
      process.die('killed');
      break;
    case 'pause':
      process.pause(event.forMs);
      break;
    case 'clock':
      sim.coverage.count('clocks set');
      process.setClock(process.skew() + event.byMs);
  }
}

async function comeToRest(sim: Sim, patienceMs = PATIENCE_MS): Promise<void> {
  await runUntil(sim, sim.timeline.now() + patienceMs);
  if (!sim.timeline.isIdle()) sim.violate(INVARIANTS.ends, 'it is not over in time');
}

/** Whoever asks again and again without a pause is stopped. */
async function runUntil(sim: Sim, until: number): Promise<void> {
  const { timeline } = sim;
  const limit = timeline.happened() + MOST_HAPPENINGS;
  await timeline.run(until, limit);
  if (timeline.happened() >= limit) sim.violate(INVARIANTS.ends, 'it goes on and on');
}

/**
 * A replay that was cut off between its writes leaves a message without an entry. The accounting calls it overdue, and
 * who reads that replays it by name.
 */
async function mendReplays(sim: Sim, world: SimWorld, operators: Operators): Promise<void> {
  await sim.timeline.run(sim.timeline.now() + OVERDUE_MS);
  const overdue = await finished(sim, () => world.counts());
  const names = overdue?.overdueSamples?.map(({ identity }) => identity.messageId) ?? [];
  for (const name of names) operators.replay(name);
  sim.coverage.count('messages overdue', names.length);
  await comeToRest(sim);
}

/** What comes of work that needs time to pass; undefined when the history was stopped. */
async function finished<T>({ timeline }: Sim, work: () => Promise<T>): Promise<T | undefined> {
  if (timeline.isStopped()) return undefined;
  const result = work();
  await timeline.run();
  return timeline.isStopped() ? undefined : await result;
}

/** Days later, when the accounting can compare. */
async function audit(sim: Sim, world: SimWorld, witness: Witness): Promise<void> {
  await sim.timeline.run(sim.timeline.now() + DAYS_MS);
  const books = await finished(sim, () => world.counts());
  if (books !== undefined) checkBooks(sim, books, witness);
}

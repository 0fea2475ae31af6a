/**
 * One machine: API and delivery in one process on one database, as `millrace up` makes them. The engine, the store and
 * the loop are the real ones; a transaction reaches the disk at one moment, and the process can die before and after it.
 */

import type { SqliteStore } from '@millrace/core/sqlite';
import { createMemoryDatabase } from '@millrace/core/testing/simulation';
import { type AttemptReport, createDeliveryLimits, deliver, startDeliveryLoop } from '@millrace/delivery-worker';
import type { Server } from '../front.ts';
import { openGate } from '../gate.ts';
import { createPayloads } from '../payloads.ts';
import { createProcess, type Process } from '../process.ts';
import type { Sim } from '../sim.ts';
import { createStoreWatch } from '../store-watch.ts';
import type { Targets } from '../targets.ts';
import type { Witness } from '../witness.ts';
import { REQUEST_TIMEOUT_MS, timersOf, workerDeps } from '../worker.ts';
import type { SimWorld } from '../world.ts';

const DAY_MS = 86_400_000;
const RETENTION = { succeededMs: 7 * DAY_MS, failedMs: 30 * DAY_MS };
/** As `millrace up` has it. */
const LONGEST_WAIT_MS = 15_000;
/** Milliseconds that it takes to start again. */
const LEAST_START_MS = 100;
const MOST_START_MS = 10_000;

export function createMachineWorld(sim: Sim, targets: Targets, witness: Witness): SimWorld {
  const { timeline, noise, history } = sim;
  const database = createMemoryDatabase(RETENTION);
  const watch = createStoreWatch(sim.coverage);
  let server: (Server & { readonly store: SqliteStore }) | undefined;
  let running: Process | undefined;
  let starts = 0;
  let skew = 0;

  function start(): void {
    starts += 1;
    const process = createProcess(sim, `server-${starts}`, skew);
    running = process;
    process.onDeath(() => {
      skew = process.skew();
      server = undefined;
      running = undefined;
      timeline.at(timeline.now() + noise.between('start', LEAST_START_MS, MOST_START_MS), start);
    });
    void serve(process);
  }

  async function serve(process: Process): Promise<void> {
    const store = await openStore(process);
    const limits = createDeliveryLimits(history.system.workers);
    const worker = workerDeps(sim, targets, witness, process);
    const gate = openGate(sim, witness.targets, process, {
      store: store.circuits,
      longestWaitMs: LONGEST_WAIT_MS,
      onWait: store.holdLane,
    });
    const deps = {
      ...worker,
      gate,
      onAttempt(report: AttemptReport): void {
        limits.learn(report);
        worker.onAttempt(report);
      },
      store: watch(store),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    };
    startDeliveryLoop({
      queue: store,
      deliver: (entries) => deliver(entries, deps),
      clock: process.clock,
      limits,
      onError: deps.onError,
      timers: timersOf(process),
    });
    server = { process, store, circuits: store.circuits, onTarget: gate.forget };
  }

  /** A start that the disk does not let through is tried again, as whoever supervises the process does. */
  async function openStore(process: Process): Promise<SqliteStore> {
    for (;;) {
      try {
        return await database.open({
          clock: process.clock,
          toDisk: (transaction) => process.call({ kind: 'commit', subject: '' }, transaction),
          onStep() {
            for (const row of database.rows()) witness.wrote(process, row);
            for (const { senderId, target, version, state } of database.targets()) {
              witness.targets.wrote(process, { senderId, target }, version, state);
            }
          },
        });
      } catch (error) {
        sim.note(process.name, () => `cannot start: ${String(error)}`);
        await process.sleep(LEAST_START_MS);
      }
    }
  }

  start();
  return {
    payloads: createPayloads(),
    server: () => server,
    processes: () => (running === undefined ? [] : [running]),
    addOrphan: () => undefined,
    calm() {
      skew = 0;
    },
    counts: () => {
      if (server === undefined) throw new Error('the server does not run');
      return server.store.counts();
    },
    letters: () => undefined,
    close: database.close,
  };
}

/**
 * A deployed system: API functions, delivering functions behind shards of a work queue, one behind what the queues gave
 * up. The store is the real adapter on the SDK's own clients; table, queues and objects are in memory, and each call to
 * them is a step of its own.
 */

import type { CircuitStore } from '@millrace/core';
import { createDynamoCircuitStore, createDynamoMessageStore, type DynamoMessageStore } from '@millrace/core/aws';
import { createDeliveryHandler, createStrandedHandler } from '@millrace/delivery-worker';
import type { Server } from '../front.ts';
import { openGate } from '../gate.ts';
import { createPayloads } from '../payloads.ts';
import { createProcess, type Process } from '../process.ts';
import type { Sim } from '../sim.ts';
import { createStoreWatch } from '../store-watch.ts';
import type { Targets } from '../targets.ts';
import type { Witness } from '../witness.ts';
import { leftEntries, REQUEST_TIMEOUT_MS, timersOf, workerDeps } from '../worker.ts';
import type { SimWorld } from '../world.ts';
import { type Functions, startFunctions } from './functions.ts';
import { createObjects } from './objects.ts';
import { createQueues, type Queues } from './queues.ts';
import { borrowClients } from './sdk-clients.ts';
import { connectCircuits, connectProcess } from './services.ts';
import { createTable } from './table.ts';

const TABLE = 'messages';
const CIRCUITS_TABLE = 'circuits';
/** The longest that a queue waits. */
const LONGEST_WAIT_MS = 900_000;
const API_INSTANCES = 2;
const RESTART_MS = 1_000;
/** Records that a function handles at once: more than a batch has. */
const CONCURRENCY = 10;

export interface AwsWorld extends SimWorld {
  readonly queues: Queues;
}

export function createAwsWorld(sim: Sim, targets: Targets, witness: Witness): AwsWorld {
  const { timeline, noise, history } = sim;
  const loans = borrowClients();
  const tables = { messages: createTable(), circuits: createTable() };
  const objects = createObjects();
  const payloads = createPayloads();
  const queues = createQueues(sim, {
    onChange: (queue, at) => timeline.at(at, () => wake(queue)),
    onRemoved: witness.checkAllReachable,
  });

  /** What is known of targets has clients of its own here: their calls are told apart. */
  function openCircuits(process: Process): CircuitStore {
    const { clients, connect } = loans.borrow();
    connect(connectCircuits({ sim, witness, process, table: tables.circuits }));
    return createDynamoCircuitStore({ client: clients.dynamodb, tableName: CIRCUITS_TABLE, clock: process.clock });
  }

  function openStore(process: Process): DynamoMessageStore {
    const { clients, connect } = loans.borrow();
    connect(connectProcess({ sim, witness, process, table: tables.messages, queues }));
    return createDynamoMessageStore({
      ...clients,
      objects: objects.of(process),
      payloads,
      tableName: TABLE,
      queueUrls: { work: queues.work.map(({ url }) => url), deadLetters: queues.deadLetterUrl },
      clock: process.clock,
      scanSegments: 1,
    });
  }

  const watch = createStoreWatch(sim.coverage);
  const workers = startFunctions(sim, queues.work, {
    name: 'worker',
    instances: history.system.workers,
    batch: history.system.batch,
    open: (process) =>
      createDeliveryHandler({
        ...workerDeps(sim, targets, witness, process),
        gate: openGate(sim, witness.targets, process, {
          store: openCircuits(process),
          longestWaitMs: LONGEST_WAIT_MS,
        }),
        timers: timersOf(process),
        store: watch(openStore(process)),
        config: { concurrency: CONCURRENCY, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      }),
  });
  const stranded = startFunctions(sim, [queues.stranded], {
    name: 'stranded',
    instances: 1,
    batch: history.system.batch,
    open: (process) => createStrandedHandler({ ...openStore(process), onError: leftEntries(sim, process) }),
  });
  const functionsOf = (url: string): Functions => (url === queues.stranded.url ? stranded : workers);
  function wake(queue: Queues['stranded']): void {
    functionsOf(queue.url).wake(queue);
  }

  const apis: (Server | undefined)[] = Array.from({ length: API_INSTANCES }, () => undefined);
  let apiStarts = 0;
  function startApi(slot: number): void {
    apiStarts += 1;
    const process = createProcess(sim, `api-${apiStarts}`);
    process.onDeath(() => {
      apis[slot] = undefined;
      timeline.at(timeline.now() + RESTART_MS, () => startApi(slot));
    });
    apis[slot] = { process, store: openStore(process), circuits: openCircuits(process) };
  }
  for (let slot = 0; slot < API_INSTANCES; slot++) startApi(slot);

  let auditor: DynamoMessageStore | undefined;
  return {
    queues,
    payloads,
    server: (chance) => apis[noise.between(`server of ${chance}`, 0, API_INSTANCES - 1)],
    processes: () => [...workers.processes(), ...apis.flatMap((api) => api?.process ?? []), ...stranded.processes()],
    addOrphan(entry, onAdded) {
      const store = openStore(createProcess(sim, 'stranger'));
      store.handBack([{ entry, until: entry.notBefore }]).then(onAdded, () => undefined);
    },
    calm: queues.calm,
    counts() {
      auditor ??= openStore(createProcess(sim, 'auditor'));
      return auditor.accounting.run();
    },
    letters: () => queues.letters,
    close: loans.giveBack,
  };
}

/** The simulated table, queues and objects without time and faults of their own, under the real adapter. */

import type { Entry } from '@millrace/core';
import { createDynamoMessageStore } from '@millrace/core/aws';
import { createManualClock, LEASE_MS, type MessageStoreHarness } from '@millrace/core/testing';
import { createObjects } from '../../src/aws/objects.ts';
import { createQueues, type WorkQueue } from '../../src/aws/queues.ts';
import { borrowClients } from '../../src/aws/sdk-clients.ts';
import { createTable } from '../../src/aws/table.ts';
import type { History } from '../../src/history.ts';
import { createPayloads } from '../../src/payloads.ts';
import { createSim } from '../../src/sim.ts';

const HISTORY: History = {
  ...{ world: 'aws', seed: 1, messages: [], outages: [], events: [], faults: [] },
  system: {
    ...{ workers: 1, batch: 10, maxReceives: 1_000, visibilityMs: LEASE_MS },
    ...{ duplicates: 0, afterDeletion: 0 },
  },
};

export function openSimulatedAws(): Promise<MessageStoreHarness> {
  const clock = createManualClock();
  const sim = createSim(HISTORY, false);
  const timeline = { ...sim.timeline, now: clock.now, at: () => undefined };
  const table = createTable();
  const queues = createQueues({ ...sim, timeline }, { onChange: () => undefined, onRemoved: () => undefined });
  const loans = borrowClients();
  const { clients, connect } = loans.borrow();
  connect({
    dynamodb: (command, input) => settled(() => table.answer(command, input, () => undefined)),
    sqs: (_command, input) => settled(() => queues.send(input as Parameters<typeof queues.send>[0], () => false)),
  });
  const objects = createObjects().of({ call: (_call, effect) => settled(effect) });
  const dynamo = createDynamoMessageStore({
    ...{ ...clients, objects, payloads: createPayloads(), tableName: 'messages', clock },
    scanSegments: 2,
    queueUrls: { work: queues.work.map(({ url }) => url), deadLetters: queues.deadLetterUrl },
  });
  const receipts = new Map<Entry, { readonly work: WorkQueue; readonly handle: string; readonly until: number }>();
  let lastLeaseEnd = 0;

  async function receiveFrom(work: WorkQueue, limit: number): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const { message, receiptHandle: handle } of work.queue.receive(limit)) {
      const entry = await dynamo.readEntry(message.sent.body);
      if (entry.notBefore > clock.now()) {
        await dynamo.handBack([{ entry, until: entry.notBefore }]);
        work.queue.delete(handle);
        continue;
      }
      receipts.set(entry, { work, handle, until: clock.now() + LEASE_MS });
      entries.push(entry);
    }
    return entries;
  }

  function giveUp(entries: readonly Entry[], act: (work: WorkQueue, handle: string) => void): Promise<void> {
    for (const entry of entries) {
      const receipt = receipts.get(entry);
      receipts.delete(entry);
      // What is visible again is nobody's.
      if (receipt !== undefined && clock.now() < receipt.until) act(receipt.work, receipt.handle);
    }
    return Promise.resolve();
  }

  return Promise.resolve({
    store: {
      ...dynamo,
      async claim(claims) {
        const results = await dynamo.claim(claims);
        for (const result of results) {
          if (result.kind === 'won') lastLeaseEnd = Math.max(lastLeaseEnd, result.leaseUntil);
        }
        return results;
      },
      async counts() {
        const { accepted, succeeded, failed, waiting } = await dynamo.accounting.run();
        return { accepted, succeeded, failed, waiting };
      },
    },
    clock,
    traits: { listsEveryStatus: false, findsEverySender: false, countsForgotten: false, entriesLast: false },
    async receive(limit) {
      const entries: Entry[] = [];
      for (const work of queues.work) entries.push(...(await receiveFrom(work, limit - entries.length)));
      return entries;
    },
    copy: (entries) => dynamo.handBack(entries.map((entry) => ({ entry, until: entry.notBefore }))),
    acknowledge: (entries) => giveUp(entries, ({ queue }, handle) => queue.delete(handle)),
    leave: (entries) => giveUp(entries, ({ queue }, handle) => makeVisible(queue, handle)),
    restart() {
      receipts.clear();
      clock.set(Math.max(clock.now() + LEASE_MS, lastLeaseEnd));
      return Promise.resolve();
    },
    close() {
      loans.giveBack();
      return Promise.resolve();
    },
  });
}

function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/** One that is visible by now, or was received by another since, is nobody's to give: the clock may have been set back. */
function makeVisible(queue: WorkQueue['queue'], handle: string): void {
  try {
    queue.changeVisibility(handle, 0);
  } catch (error) {
    const isNobodys = error instanceof Error && /not in flight|not available for visibility/.test(error.message);
    if (!isNobodys) throw error;
  }
}

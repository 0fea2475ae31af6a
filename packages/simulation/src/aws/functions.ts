/**
 * Functions behind queues, as Lambda runs them: a poller receives a batch, a function handles it within its time, and
 * the poller deletes what the answer does not name. What was not deleted comes again.
 */

import type { SqsHandler } from '@millrace/delivery-worker';
import type { SQSRecord } from 'aws-lambda';
import { INVARIANTS } from '../invariants.ts';
import { createProcess, type Process } from '../process.ts';
import type { Sim } from '../sim.ts';
import { describeBody, type WorkQueue } from './queues.ts';

export interface FunctionOptions {
  readonly name: string;
  /** Runs at once at most. */
  readonly instances: number;
  readonly batch: number;
  readonly open: (process: Process) => SqsHandler;
}

export interface Functions {
  /** Something may be visible in the queue. */
  wake(queue: WorkQueue): void;
  processes(): readonly Process[];
}

/** Milliseconds that a function may run; the queue's visibility time is never shorter. */
const FUNCTION_TIMEOUT_MS = 120_000;
const POLL_MS = 50;
const RESTART_MS = 1_000;

interface Instance {
  readonly process: Process;
  readonly handler: SqsHandler;
}

interface Slot {
  readonly name: string;
  poller: Process;
  isBusy: boolean;
  /** Kept from one batch to the next, as a warm function is. */
  instance: Instance | undefined;
}

export function startFunctions(sim: Sim, queues: readonly WorkQueue[], options: FunctionOptions): Functions {
  const { timeline, noise } = sim;
  const slots: Slot[] = Array.from({ length: options.instances }, (_, index) => {
    const name = `${options.name}-${index + 1}`;
    return { name, poller: createProcess(sim, `${name} poller`), isBusy: false, instance: undefined };
  });
  let starts = 0;

  function wake(queue: WorkQueue): void {
    const slot = slots.find(({ isBusy }) => !isBusy);
    if (slot === undefined || queue.queue.counts().visible === 0) return;
    slot.isBusy = true;
    timeline.at(timeline.now() + noise.between(slot.name, 1, POLL_MS), () => void serve(slot, queue));
  }

  function free(slot: Slot): void {
    slot.isBusy = false;
    for (const queue of queues) wake(queue);
  }

  async function serve(slot: Slot, queue: WorkQueue): Promise<void> {
    const { poller } = slot;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      free(slot);
    };
    poller.onDeath(() => {
      slot.poller = createProcess(sim, poller.name);
      timeline.at(timeline.now() + RESTART_MS, over);
    });
    try {
      const records = await receive(poller, queue);
      const left = records.length === 0 ? [] : await invoke(slot, records);
      const done = records.filter(({ messageId }) => !left.includes(messageId));
      if (done.length > 0) await remove(poller, queue, done);
    } catch (error) {
      sim.note(poller.name, () => String(error));
    }
    over();
  }

  function receive(poller: Process, { queue, url }: WorkQueue): Promise<readonly SQSRecord[]> {
    return poller.call({ kind: 'ReceiveMessage', subject: '' }, () =>
      queue.receive(options.batch).map(({ message: { sent, receives }, receiptHandle }) => ({
        messageId: sent.id,
        receiptHandle,
        body: sent.body,
        attributes: {
          ApproximateReceiveCount: String(receives),
          SentTimestamp: String(sent.sentAt),
          SenderId: 'simulated',
          ApproximateFirstReceiveTimestamp: String(sent.sentAt),
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: url,
        awsRegion: 'eu-central-1',
      })),
    );
  }

  async function remove(poller: Process, { queue }: WorkQueue, records: readonly SQSRecord[]): Promise<void> {
    const subject = records.map(({ body }) => describeBody(body)).join(', ');
    const removeFirst = (count: number) => () => {
      for (const { receiptHandle } of records.slice(0, count)) queue.delete(receiptHandle);
    };
    const some = Math.floor(records.length / 2);
    await poller.call({ kind: 'DeleteMessageBatch', subject }, removeFirst(records.length), removeFirst(some));
  }

  /** The ids of the records that must come again. All of them when the function died. */
  function invoke(slot: Slot, records: readonly SQSRecord[]): Promise<readonly string[]> {
    slot.instance ??= open(slot);
    const { process, handler } = slot.instance;
    const all = records.map(({ messageId }) => messageId);
    const deadline = timeline.now() + FUNCTION_TIMEOUT_MS;
    sim.note(process.name, () => `gets ${records.map(({ body }) => describeBody(body)).join(', ')}`);
    return new Promise((resolve) => {
      process.onDeath(() => {
        slot.instance = undefined;
        timeline.at(timeline.now() + RESTART_MS, () => resolve(all));
      });
      let isDone = false;
      timeline.at(deadline, () => {
        if (isDone || !process.isAlive()) return;
        sim.coverage.count('functions timed out');
        process.die('its time is over');
      });
      const context = { getRemainingTimeInMillis: () => deadline - timeline.now() };
      process.after(0, () => {
        handler({ Records: [...records] }, context).then(
          ({ batchItemFailures }) => {
            isDone = true;
            resolve(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
          },
          (error) => sim.violate(INVARIANTS.crash, `${process.name}: ${String(error)}`),
        );
      });
    });
  }

  function open({ name }: Slot): Instance {
    starts += 1;
    const process = createProcess(sim, `${name}.${starts}`);
    return { process, handler: options.open(process) };
  }

  return {
    wake,
    processes: () => slots.flatMap(({ instance }) => instance?.process ?? []),
  };
}

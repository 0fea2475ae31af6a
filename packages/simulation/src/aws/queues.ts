/** The queues of a system: shards of work, what they gave up, and the letters for people. */

import type { SendMessageBatchCommandInput, SendMessageBatchCommandOutput } from '@aws-sdk/client-sqs';
import { createQueue, disorder, type Queue, type Received } from '@millrace/core/testing/simulation';
import type { Row } from '../row.ts';
import type { Sim } from '../sim.ts';

/** A message of the dead-letter queue. */
interface Letter {
  readonly name: string;
  readonly reason: string;
}

/** A queue that a function is behind. */
export interface WorkQueue {
  readonly url: string;
  readonly queue: Queue;
}

export interface Queues {
  readonly work: readonly WorkQueue[];
  readonly stranded: WorkQueue;
  readonly deadLetterUrl: string;
  readonly letters: readonly Letter[];
  /** @param isRefused is this entry of the batch refused? */
  send(input: SendMessageBatchCommandInput, isRefused: (number: number) => boolean): SendMessageBatchCommandOutput;
  /** Has a queue an entry that can bring about what a row waits for? */
  hasEntryFor(row: Row): boolean;
  /** No disorder any more. */
  calm(): void;
}

const SHARDS = 2;
const RETENTION_SECONDS = 14 * 86_400;
const IN_FLIGHT_LIMIT = 120_000;
/** Milliseconds after which a copy comes at the latest: when the lease of who has the message may be over. */
const MOST_DUPLICATE_MS = 100_000;

/** Of one entry, beyond those that are sent: what waits is sent again and again, and copies would have copies. */
const MOST_COPIES = 4;

export interface QueueListeners {
  /** Something may be, or come to be, visible in the queue: now, or at a time. */
  onChange(queue: WorkQueue, at: number): void;
  /** Something was removed from a queue for good. */
  onRemoved(): void;
}

export function createQueues(sim: Sim, { onChange, onRemoved }: QueueListeners): Queues {
  const { timeline, noise, coverage, history } = sim;
  const { visibilityMs, maxReceives, duplicates, afterDeletion } = history.system;
  const letters: Letter[] = [];
  const copies = new Map<string, number>();
  let sent = 0;
  let isCalm = false;

  /** Whether chance makes one more copy of an entry. */
  function isCopied(body: string, what: string, chance: number): boolean {
    const key = describeBody(body);
    const count = copies.get(key) ?? 0;
    if (isCalm || count === MOST_COPIES || noise.fraction(what) >= chance) return false;
    copies.set(key, count + 1);
    return true;
  }

  const anyOrder = disorder({ random: () => noise.fraction('order of a queue'), shuffle: true });

  function create(name: string, redriveTo: WorkQueue | undefined): WorkQueue {
    const queue = createQueue({
      arn: name,
      settings: () => ({
        visibilitySeconds: visibilityMs / 1_000,
        delaySeconds: 0,
        retentionSeconds: RETENTION_SECONDS,
        redrive: redriveTo === undefined ? undefined : { maxReceiveCount: maxReceives, targetArn: redriveTo.url },
      }),
      clock: timeline.now,
      inFlightLimit: () => IN_FLIGHT_LIMIT,
      findQueue: () => redriveTo?.queue,
      disorder: () => anyOrder,
    });
    const visibleAgain = (): number => timeline.now() + visibilityMs;
    /** The last receipt of each that is received, by its number in the queue. */
    const receipts = new Map<number, Received>();

    /** A queue hands a message out at least once: sometimes again, though somebody has it. */
    function maybeHandOutAgain({ message: { sent, number } }: Received): void {
      if (!isCopied(sent.body, 'duplicate', duplicates)) return;
      timeline.at(timeline.now() + noise.between('duplicate', 0, MOST_DUPLICATE_MS), () => {
        if (!receipts.has(number)) return;
        coverage.count('entries handed out twice');
        work.queue.send(sent);
      });
    }

    /** However often it was handed out, it is one message. A copy that the deletion does not reach comes once more. */
    function remove(handle: string): void {
      const received = [...receipts.values()].find(({ receiptHandle }) => receiptHandle === handle);
      queue.delete(handle);
      if (received === undefined) return;
      const { sent } = received.message;
      for (const [number, { message, receiptHandle }] of receipts) {
        if (message.sent !== sent) continue;
        receipts.delete(number);
        queue.delete(receiptHandle);
      }
      if (!isCopied(sent.body, 'deletion', afterDeletion)) return;
      timeline.at(timeline.now() + noise.between('deletion', 0, MOST_DUPLICATE_MS), () => {
        coverage.count('entries handed out after their deletion');
        work.queue.send(sent);
      });
    }

    const work: WorkQueue = {
      url: name,
      queue: {
        ...queue,
        send(message, delaySeconds = 0) {
          queue.send(message, delaySeconds);
          onChange(work, timeline.now() + delaySeconds * 1_000);
        },
        receive(limit) {
          const received = queue.receive(limit);
          if (received.length > 0) onChange(work, visibleAgain());
          for (const one of received) {
            receipts.set(one.message.number, one);
            maybeHandOutAgain(one);
          }
          onChange(work, timeline.now());
          return received;
        },
        delete(handle) {
          remove(handle);
          onRemoved();
          onChange(work, timeline.now());
        },
        takeDeadLetter(message, source) {
          coverage.count('redrives');
          sim.note('', () => `${describeBody(message.sent.body)} is given up by its queue`);
          queue.takeDeadLetter(message, source);
          onChange(work, timeline.now());
        },
      },
    };
    return work;
  }

  const stranded = create('https://sqs.example/stranded', undefined);
  const work = Array.from({ length: SHARDS }, (_, shard) => create(`https://sqs.example/work-${shard}`, stranded));
  const deadLetterUrl = 'https://sqs.example/dead-letters';

  return {
    ...{ work, stranded, deadLetterUrl, letters },
    send({ QueueUrl, Entries = [] }, isRefused) {
      const target = work.find(({ url }) => url === QueueUrl);
      const taken = Entries.filter((_, number) => !isRefused(number));
      for (const { MessageBody: body = '', DelaySeconds, MessageAttributes } of taken) {
        sent += 1;
        if (target === undefined) {
          letters.push({ name: entryOf(body).name, reason: MessageAttributes?.['reason']?.StringValue ?? '' });
          continue;
        }
        const message = { id: `sqs-${sent}`, body, attributes: {}, groupId: undefined, traceHeader: undefined };
        target.queue.send({ ...message, sentAt: timeline.now() }, DelaySeconds);
      }
      const failed = Entries.filter((_, number) => isRefused(number));
      return {
        $metadata: {},
        Successful: taken.map(({ Id }) => ({ Id, MessageId: Id, MD5OfMessageBody: '' })),
        Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
      };
    },
    hasEntryFor(row) {
      const rounds = row.status === 'PROCESSING' ? [row.round, row.round + 1] : [row.round];
      return [...work, stranded].some(({ queue }) =>
        queue.messages().some(({ sent: message }) => {
          const { name, round } = entryIn(message);
          return name === row.name && rounds.includes(round);
        }),
      );
    },
    calm() {
      isCalm = true;
    },
  };
}

/** Read once: whether a queue has an entry for a row is asked at every write of one. */
const entries = new WeakMap<object, ReturnType<typeof entryOf>>();

function entryIn(message: { readonly body: string }): ReturnType<typeof entryOf> {
  const entry = entries.get(message) ?? entryOf(message.body);
  entries.set(message, entry);
  return entry;
}

/** What a queue message says of its entry. */
function entryOf(body: string): { readonly name: string; readonly round: number } {
  const { identity, round } = JSON.parse(body) as { identity: { messageId: string }; round: number };
  return { name: identity.messageId, round };
}

/** For people. */
export function describeBody(body: string): string {
  const { name, round } = entryOf(body);
  return `${name} round ${round}`;
}

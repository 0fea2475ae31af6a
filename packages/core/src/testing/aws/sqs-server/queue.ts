/**
 * One standard queue: who may receive which message when. It knows no protocol and no timers; the clock is asked at
 * every call.
 *
 * A message that has once become visible stays so when the clock is set back.
 */

import { createDueHeap } from '../../../due-heap.ts';
import type { Disorder } from './disorder.ts';
import { createHandles } from './handles.ts';
import { invalidHandle, invalidParameter, messageNotInFlight, overLimit } from './sqs-errors.ts';
import type { SentMessage } from './sqs-message.ts';

/** A message in a queue. Copies of one message have the same `sent`. */
export interface QueuedMessage {
  readonly sent: SentMessage;
  /** Within its life in this queue; this is what the redrive policy counts. */
  receives: number;
  /** Over all queues. */
  totalReceives: number;
  /** Epoch milliseconds; null before the first receive. */
  firstReceivedAt: number | null;
  /** Epoch milliseconds. */
  receivedAt: number;
  /** The queue that a redrive took it from. */
  readonly deadLetterSourceArn: string | undefined;
  state: 'delayed' | 'visible' | 'in-flight' | 'gone';
  /** Epoch milliseconds: when a delayed one or one in flight becomes visible. */
  dueAt: number;
  /** Names it in receipt handles. */
  readonly number: number;
  /** Of the last receive: older receipts have no power over it. */
  receipt: number;
  /** Made by disorder: it is not copied again. */
  readonly isCopy: boolean;
}

export interface Received {
  readonly message: QueuedMessage;
  readonly receiptHandle: string;
}

/** Times in seconds, as SQS counts them. */
export interface QueueSettings {
  readonly visibilitySeconds: number;
  readonly delaySeconds: number;
  readonly retentionSeconds: number;
  readonly redrive: { readonly maxReceiveCount: number; readonly targetArn: string } | undefined;
}

export interface QueueOptions {
  readonly arn: string;
  readonly settings: () => QueueSettings;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** How many messages may be in flight. */
  readonly inFlightLimit: () => number;
  readonly findQueue: (arn: string) => Queue | undefined;
  readonly disorder: () => Disorder;
}

export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface Queue {
  readonly arn: string;
  send(sent: SentMessage, delaySeconds?: number): void;
  /** Takes in what the redrive of another queue moves here. */
  takeDeadLetter(message: QueuedMessage, sourceArn: string): void;
  /** @throws ServiceError OverLimit */
  receive(limit: number, visibilitySeconds?: number): readonly Received[];
  /** Deletes by the handle of the last receive; an older one changes nothing. @throws ServiceError for no handle */
  delete(receiptHandle: string): void;
  /** @throws ServiceError */
  changeVisibility(receiptHandle: string, seconds: number): void;
  purge(): void;
  counts(): QueueCounts;
  /** All that is in it now, for tests to look at. */
  messages(): readonly QueuedMessage[];
}

const MAX_VISIBILITY_SECONDS = 43_200;

export function createQueue(options: QueueOptions): Queue {
  const { arn, settings, clock } = options;
  const handles = createHandles(arn);
  const all = new Map<number, QueuedMessage>();
  /** In the order in which they became visible. */
  const visible = new Set<QueuedMessage>();
  /** Delayed ones and those in flight; an entry counts while it agrees with its message. */
  const waiting = createDueHeap<QueuedMessage>();
  let inFlight = 0;
  let numbers = 0;

  function enter(message: Omit<QueuedMessage, 'number' | 'state' | 'receipt'>): void {
    numbers += 1;
    const isDelayed = message.dueAt > clock();
    const entered: QueuedMessage = {
      ...message,
      number: numbers,
      receipt: 0,
      state: isDelayed ? 'delayed' : 'visible',
    };
    all.set(entered.number, entered);
    if (isDelayed) waiting.push(entered.dueAt, entered);
    else visible.add(entered);
  }

  function leave(message: QueuedMessage): void {
    if (message.state === 'in-flight') inFlight -= 1;
    message.state = 'gone';
    visible.delete(message);
    all.delete(message.number);
  }

  function show(message: QueuedMessage): void {
    if (message.state === 'in-flight') inFlight -= 1;
    message.state = 'visible';
    visible.add(message);
  }

  function showDue(now: number): void {
    for (let next = waiting.popDue(now); next !== undefined; next = waiting.popDue(now)) {
      const { due, item } = next;
      const isWaiting = item.state === 'delayed' || item.state === 'in-flight';
      if (isWaiting && item.dueAt === due) show(item);
    }
  }

  function hide(message: QueuedMessage, until: number): void {
    if (message.state !== 'in-flight') inFlight += 1;
    message.state = 'in-flight';
    message.dueAt = until;
    visible.delete(message);
    waiting.push(until, message);
  }

  const isExpired = ({ sent }: QueuedMessage, now: number): boolean =>
    now >= sent.sentAt + settings().retentionSeconds * 1_000;

  /** Where a message goes instead of being received once more; undefined while it may be. */
  function deadLetterQueue(message: QueuedMessage): Queue | undefined {
    const { redrive } = settings();
    if (redrive === undefined || message.receives < redrive.maxReceiveCount) return undefined;
    return options.findQueue(redrive.targetArn);
  }

  function handOut(message: QueuedMessage, now: number, visibilitySeconds: number): Received {
    message.receives += 1;
    message.totalReceives += 1;
    message.firstReceivedAt ??= now;
    message.receivedAt = now;
    message.receipt += 1;
    hide(message, now + visibilitySeconds * 1_000);
    return { message: { ...message }, receiptHandle: handles.of(message) };
  }

  function addCopy(message: QueuedMessage): void {
    enter({ ...message, isCopy: true, dueAt: clock() });
  }

  function find(receiptHandle: string): QueuedMessage | undefined {
    const named = handles.read(receiptHandle);
    if (named === undefined) throw invalidHandle(receiptHandle);
    const message = all.get(named.number);
    return message?.receipt === named.receipt ? message : undefined;
  }

  return {
    arn,
    send(sent, delaySeconds = settings().delaySeconds) {
      const now = clock();
      enter({
        sent,
        receives: 0,
        totalReceives: 0,
        firstReceivedAt: null,
        receivedAt: now,
        deadLetterSourceArn: undefined,
        dueAt: now + delaySeconds * 1_000,
        isCopy: false,
      });
    },
    takeDeadLetter(message, deadLetterSourceArn) {
      enter({ ...message, deadLetterSourceArn, receives: 0, dueAt: clock() });
    },
    receive(limit, visibilitySeconds = settings().visibilitySeconds) {
      const now = clock();
      showDue(now);
      const room = options.inFlightLimit() - inFlight;
      if (room <= 0) throw overLimit(options.inFlightLimit());
      const received: Received[] = [];
      const disorder = options.disorder();
      for (const message of disorder.order(visible)) {
        if (received.length === Math.min(limit, room)) break;
        const deadLetters = deadLetterQueue(message);
        if (isExpired(message, now)) leave(message);
        else if (deadLetters !== undefined) {
          leave(message);
          deadLetters.takeDeadLetter(message, arn);
        } else received.push(handOut(message, now, visibilitySeconds));
      }
      for (const { message } of received) if (!message.isCopy && disorder.repeats()) addCopy(message);
      return received;
    },
    delete(receiptHandle) {
      const message = find(receiptHandle);
      if (message === undefined) return;
      leave(message);
      if (!message.isCopy && options.disorder().survivesDeletion()) addCopy(message);
    },
    changeVisibility(receiptHandle, seconds) {
      const now = clock();
      showDue(now);
      const message = find(receiptHandle);
      if (message === undefined)
        throw invalidParameter(
          `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
        );
      if (message.state !== 'in-flight') throw messageNotInFlight();
      const dueAt = now + seconds * 1_000;
      if (dueAt - message.receivedAt > MAX_VISIBILITY_SECONDS * 1_000)
        throw invalidParameter(
          `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${MAX_VISIBILITY_SECONDS} seconds].`,
        );
      hide(message, dueAt);
    },
    purge() {
      all.clear();
      visible.clear();
      waiting.clear();
      inFlight = 0;
    },
    counts() {
      const now = clock();
      showDue(now);
      for (const message of [...all.values()]) if (isExpired(message, now)) leave(message);
      return { visible: visible.size, inFlight, delayed: all.size - visible.size - inFlight };
    },
    messages() {
      showDue(clock());
      return [...all.values()].map((message) => ({ ...message }));
    },
  };
}

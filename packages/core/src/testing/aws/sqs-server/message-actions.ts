/** Sending, receiving, deleting, and hiding for longer. */

import { integer, text } from '../json-input.ts';
import type { Json } from '../service.ts';
import { readEntries, toBatchAnswer, tryEntry } from './batch.ts';
import type { Queue } from './queue.ts';
import type { Action, QueueRecord } from './queue-records.ts';
import { toReceiveAnswer } from './receive-answer.ts';
import { batchTooLong, invalidParameter, missingParameter } from './sqs-errors.ts';
import { readSendEntry, type SendEntry, toSendResult, toSentMessage } from './sqs-message.ts';

const MAX_RECEIVED = 10;
const MAX_WAIT_SECONDS = 20;
const MAX_VISIBILITY_SECONDS = 43_200;

/** @param clock epoch milliseconds */
export function messageActions(
  recordOf: (input: Json) => QueueRecord,
  clock: () => number,
): Readonly<Record<string, Action>> {
  function send({ queue, attributes }: QueueRecord, entry: SendEntry): Json {
    const limit = Number(attributes['MaximumMessageSize']);
    if (entry.size > limit)
      throw invalidParameter(
        `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
      );
    const sent = toSentMessage(entry, clock());
    queue.send(sent, entry.delaySeconds);
    return toSendResult(sent);
  }

  function sendBatch(input: Json): Json {
    const record = recordOf(input);
    const read = readEntries(input).map(([id, entry]) => tryEntry(id, () => readSendEntry(entry)));
    const limit = Number(record.attributes['MaximumMessageSize']);
    const size = read.reduce((sum, entry) => sum + ('result' in entry ? entry.result.size : 0), 0);
    if (size > limit) throw batchTooLong(limit, size);
    return toBatchAnswer(
      read.map((entry) => ('error' in entry ? entry : tryEntry(entry.id, () => send(record, entry.result)))),
    );
  }

  function receive(input: Json): Json {
    const { queue } = recordOf(input);
    const limit = inRange(input, 'MaxNumberOfMessages', 1, MAX_RECEIVED) ?? 1;
    inRange(input, 'WaitTimeSeconds', 0, MAX_WAIT_SECONDS);
    return toReceiveAnswer(queue.receive(limit, visibility(input)), input);
  }

  const eachOf =
    (run: (queue: Queue, entry: Json) => Json): Action =>
    (input) => {
      const { queue } = recordOf(input);
      return toBatchAnswer(readEntries(input).map(([id, entry]) => tryEntry(id, () => run(queue, entry))));
    };

  return {
    SendMessage: (input) => send(recordOf(input), readSendEntry(input)),
    SendMessageBatch: sendBatch,
    ReceiveMessage: receive,
    DeleteMessage: (input) => deleteMessage(recordOf(input).queue, input),
    DeleteMessageBatch: eachOf(deleteMessage),
    ChangeMessageVisibility: (input) => changeVisibility(recordOf(input).queue, input),
    ChangeMessageVisibilityBatch: eachOf(changeVisibility),
  };
}

function deleteMessage(queue: Queue, entry: Json): Json {
  queue.delete(handleOf(entry));
  return {};
}

function changeVisibility(queue: Queue, entry: Json): Json {
  const seconds = visibility(entry);
  if (seconds === undefined) throw missingParameter('VisibilityTimeout');
  queue.changeVisibility(handleOf(entry), seconds);
  return {};
}

function handleOf(entry: Json): string {
  const handle = text(entry, 'ReceiptHandle');
  if (handle === undefined) throw missingParameter('ReceiptHandle');
  return handle;
}

function visibility(input: Json): number | undefined {
  return inRange(input, 'VisibilityTimeout', 0, MAX_VISIBILITY_SECONDS);
}

function inRange(input: Json, name: string, least: number, most: number): number | undefined {
  const value = integer(input, name);
  if (value !== undefined && (value < least || value > most))
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Must be >= ${least} and <= ${most}, if provided.`,
    );
  return value;
}

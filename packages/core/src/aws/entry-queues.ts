/** Entries on their way: into the work queues, and as dead letters for people. */

import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Entry } from '../ports/message-store.ts';
import { encodeEntry, MAX_ENTRY_BYTES } from './entry-body.ts';
import type { EntryObjects } from './entry-objects.ts';
import { delaySeconds, groupOf, type QueueItem, type SendFault, sendAll, shardOf } from './work-queue.ts';

interface DeadLetter {
  readonly entry: Entry;
  readonly reason: string;
  readonly error: string | null;
}

export interface EntryQueues {
  /** Hands each entry out, no sooner than its `notBefore`. A fault for each, undefined where all is well. Never throws. */
  sendWork(entries: readonly Entry[], now: number): Promise<readonly SendFault[]>;
  /** The same for entries that must all be in the queue. @throws what kept the first of the others from it */
  sendAllWork(entries: readonly Entry[], now: number): Promise<void>;
  /** @throws what kept one from being sent */
  sendDeadLetter(letter: DeadLetter): Promise<void>;
  /** Keeps a record that is no entry with the dead letters. @throws what kept it from being sent */
  sendUnreadable(text: string, reason: string): Promise<void>;
}

export interface QueueUrls {
  /** One or more shards. */
  readonly work: readonly string[];
  readonly deadLetters: string;
}

/** Characters of an error that travel with a dead letter. */
const NOTE_LENGTH = 500;

export function createEntryQueues(
  client: SQSClient,
  urls: QueueUrls,
  objects: Pick<EntryObjects, 'keepUnreadable'>,
): EntryQueues {
  async function sendToPeople(text: string, group: string, notes: Readonly<Record<string, string>>): Promise<void> {
    const legible = Object.fromEntries(Object.entries(notes).map(([name, note]) => [name, toNote(note)]));
    const [fault] = await sendAll(client, [
      { queueUrl: urls.deadLetters, text, group, delaySeconds: 0, notes: legible },
    ]);
    if (fault !== undefined) throw fault;
  }

  function prepare(entry: Entry, now: number): { readonly item: QueueItem } | { readonly fault: SendFault } {
    try {
      const { identity, notBefore } = entry;
      const [queueUrl, group] = [shardOf(identity, urls.work), groupOf(identity)];
      return { item: { queueUrl, group, text: encodeEntry(entry), delaySeconds: delaySeconds(notBefore, now) } };
    } catch (fault) {
      return { fault };
    }
  }

  async function sendWork(entries: readonly Entry[], now: number): Promise<readonly SendFault[]> {
    const prepared = entries.map((entry) => prepare(entry, now));
    const items = prepared.flatMap((one) => ('item' in one ? [one.item] : []));
    const faults = (await sendAll(client, items)).values();
    return prepared.map((one) => ('item' in one ? faults.next().value : one.fault));
  }

  return {
    sendWork,

    async sendAllWork(entries, now) {
      const fault = (await sendWork(entries, now)).find((one) => one !== undefined);
      if (fault !== undefined) throw fault;
    },

    sendDeadLetter: ({ entry, reason, error }) =>
      sendToPeople(encodeEntry(entry), groupOf(entry.identity), { reason, ...(error === null ? {} : { error }) }),

    async sendUnreadable(text, error) {
      const isTooLong = Buffer.byteLength(text) > MAX_ENTRY_BYTES;
      const letter = isTooLong ? `the record is in the object ${await objects.keepUnreadable(text)}` : text;
      await sendToPeople(letter, 'unreadable', { reason: 'unreadable', error });
    },
  };
}

/** Attributes must not be empty, and not hold what XML cannot. */
function toNote(text: string): string {
  const note = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/gu, ' ').slice(0, NOTE_LENGTH);
  return note === '' ? '-' : note;
}

/**
 * A batch of queue records becomes deliveries, and the answer says which records must come again. One record never
 * harms another: what cannot be read is kept for people, what fails comes again by itself.
 */

import { type Clock, type Entry, MillraceError } from '@millrace/core';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import pMap from 'p-map';
import type { Disposition } from './deliver.ts';
import type { PlaceQueue } from './place-queue.ts';

/** What becomes of a record: forgotten, or handed out again by the queue. */
export type RecordHandler = (record: SQSRecord) => Promise<Disposition>;

interface RecordDeps {
  /** @throws an error with the code `unreadable-entry` when the text is no entry */
  readonly readEntry: (text: string) => Promise<Entry>;
  /** Keeps a record that is no entry, with the reason, where people find it. */
  readonly keepUnreadable: (text: string, reason: string) => Promise<void>;
  /** Told why a record comes again, when it is for an error. */
  readonly onError: (error: unknown) => void;
}

export interface DeliverRecordDeps extends RecordDeps {
  readonly deliver: (entries: readonly Entry[]) => Promise<readonly Disposition[]>;
  readonly places: PlaceQueue;
  readonly handBack: (entries: readonly { readonly entry: Entry; readonly until: number }[]) => Promise<void>;
  readonly clock: Clock;
  /** Milliseconds that the delivery of an entry may take. */
  readonly deadlineMs: (entry: Entry) => number;
  /** Milliseconds until the function is stopped. */
  readonly remainingMs: () => number;
}

/** Beside the request: the claim before it, the result after it. */
const MARGIN_MS = 5_000;

/** Handles records side by side. Never throws: a record that could not be handled comes again. */
export async function handleRecords(
  records: readonly SQSRecord[],
  handle: RecordHandler,
  { concurrency, onError }: { readonly concurrency: number; readonly onError: (error: unknown) => void },
): Promise<SQSBatchResponse> {
  const dispositions = await pMap(
    records,
    async (record): Promise<Disposition> => {
      try {
        return await handle(record);
      } catch (error) {
        onError(error);
        return 'leave';
      }
    },
    { concurrency },
  );
  const left = records.filter((_, index) => dispositions[index] !== 'acknowledge');
  return { batchItemFailures: left.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** Reads the entry of a record and goes on with it; what is none is kept and forgotten by the queue. */
function withEntry(deps: RecordDeps, go: (entry: Entry) => Promise<Disposition>): RecordHandler {
  return async ({ body }) => {
    let entry: Entry;
    try {
      entry = await deps.readEntry(body);
    } catch (error) {
      const isUnreadable = error instanceof MillraceError && error.code === 'unreadable-entry';
      if (!isUnreadable) throw error;
      deps.onError(error);
      await deps.keepUnreadable(body, error.message);
      return 'acknowledge';
    }
    return await go(entry);
  };
}

/** Delivers the entry of a record, when it is due and there is a place while there is time. */
export function deliverRecord(deps: DeliverRecordDeps): RecordHandler {
  return withEntry(deps, async (entry) => {
    const isEarly = entry.notBefore > deps.clock.now();
    if (isEarly) {
      // Queues wait for 15 minutes at most: longer waits go by several of them.
      await deps.handBack([{ entry, until: entry.notBefore }]);
      return 'acknowledge';
    }
    const spareMs = deps.remainingMs() - deps.deadlineMs(entry) - MARGIN_MS;
    if (spareMs < 0) return 'leave';
    const dispositions = await deps.places.deliver(entry, spareMs, () => deps.deliver([entry]));
    return dispositions?.[0] ?? 'leave';
  });
}

export interface StrandedRecordDeps extends RecordDeps {
  readonly settleStranded: (entries: readonly Entry[]) => Promise<readonly ('settled' | Disposition)[]>;
}

/** Ends the message of a record that its queue has given up. */
export function settleStrandedRecord(deps: StrandedRecordDeps): RecordHandler {
  return withEntry(deps, async (entry) => {
    const [result] = await deps.settleStranded([entry]);
    return result === 'leave' ? 'leave' : 'acknowledge';
  });
}

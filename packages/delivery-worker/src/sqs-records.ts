/**
 * A batch of queue records becomes deliveries, and the answer says which records must come again. One record never
 * harms another: what cannot be read is kept for people, what fails comes again by itself.
 */

import { type Clock, type Entry, MillraceError } from '@millrace/core';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import pMap from 'p-map';
import { isTooLarge } from './attempt-result.ts';
import type { Disposition } from './deliver.ts';
import type { PlaceQueue } from './place-queue.ts';

/** What becomes of a record: forgotten, or handed out again by the queue. */
export type RecordHandler = (record: SQSRecord) => Promise<Disposition>;

interface RecordDeps {
  /** @throws an error with the code `unreadable-entry` when the text is no entry */
  readonly readEntry: (text: string) => Entry;
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
  /** Milliseconds that the delivery of an entry takes at most. */
  readonly deadlineMs: (entry: Entry) => number;
  /** Milliseconds that a delivery may take in any invocation. */
  readonly longestExchangeMs: number;
  /** Milliseconds until the function is stopped. */
  readonly remainingMs: () => number;
}

/** Beside the request: the claim before it, the result after it. */
const MARGIN_MS = 5_000;
/** Until the last record of a batch is begun. */
const START_MS = 1_000;

/** Milliseconds that an exchange may take in an invocation that has so many when it begins. */
export function longestExchangeMs(invocationMs: number): number {
  return invocationMs - START_MS - MARGIN_MS;
}

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
      entry = deps.readEntry(body);
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
    const deadlineMs = deps.deadlineMs(entry);
    // What no invocation has the time for needs none: it ends without a request.
    const neededMs = isTooLarge(entry, deadlineMs, deps.longestExchangeMs) ? 0 : deadlineMs;
    const spareMs = deps.remainingMs() - neededMs - MARGIN_MS;
    if (spareMs < 0) return 'leave';
    const dispositions = await deps.places.deliver(entry, spareMs, () => deps.deliver([entry]));
    return dispositions?.[0] ?? 'leave';
  });
}

export interface StrandedRecordDeps extends RecordDeps {
  readonly settleStranded: (entries: readonly Entry[]) => Promise<readonly ('settled' | Disposition)[]>;
  /** Told of an entry whose message ended by it. */
  readonly onStranded?: (entry: Entry) => void;
}

/** Ends the message of a record that its queue has given up. */
export function settleStrandedRecord(deps: StrandedRecordDeps): RecordHandler {
  return withEntry(deps, async (entry) => {
    const [result] = await deps.settleStranded([entry]);
    if (result === 'settled') deps.onStranded?.(entry);
    return result === 'leave' ? 'leave' : 'acknowledge';
  });
}

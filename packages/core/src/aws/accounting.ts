/**
 * The books on AWS: an hourly look at every row. Counts what there is, compares it with what was counted when it was
 * accepted, and names the messages that should have moved and did not.
 */

import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { hasEnded } from '../domain/lifecycle.ts';
import type { Clock } from '../ports/clock.ts';
import type { Counts, MessageView } from '../ports/message-store.ts';
import { dayOf, readCount } from './accept-counter.ts';
import { calling } from './aws-errors.ts';
import { fromItem, type Item, toAttribute, toView } from './message-item.ts';
import type { MessageRow } from './message-row.ts';
import { type MessageTable, RESERVED } from './message-table.ts';

/** What one look at the whole table found. */
export interface AccountingReport extends Counts {
  readonly asOf: number;
  /** Messages that were counted when they were accepted, and have no row: 0, or rows were lost. */
  readonly missing: number;
  /** Messages that should have been claimed long ago, or whose lease ended long ago. */
  readonly overdue: number;
  /** Some of those that are overdue. */
  readonly overdueSamples: readonly MessageView[];
}

export interface Accounting {
  /** Looks at every row, and keeps what it found for `read`. */
  run(): Promise<AccountingReport>;
  /** What the last run found; undefined when there was none yet. */
  read(): Promise<Omit<AccountingReport, 'overdueSamples'> | undefined>;
}

export interface AccountingDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly table: MessageTable;
  readonly clock: Clock;
  /** Parts of the table that are read at once. */
  readonly segments: number;
}

/** A message that is due and still waits after this is overdue: longer than any queue's delay and any lease. */
const OVERDUE_MS = 30 * 60_000;
const SAMPLES = 20;
/** Days back: rows live for at least 7 days after their end. */
const COMPARED_DAYS = 6;
/** A day that has just ended is still coming in. */
const SETTLED_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

interface Tally {
  succeeded: number;
  failed: number;
  waiting: number;
  overdue: number;
  readonly samples: MessageRow[];
  /** Messages by the day of their acceptance: as they were counted then, and as their rows are found. */
  readonly counted: Map<string, number>;
  readonly found: Map<string, number>;
}

export function createAccounting({ client, tableName, table, clock, segments }: AccountingDeps): Accounting {
  const Key = { pk: { S: `${RESERVED}accounting` }, sk: { S: 'latest' } };
  const call = (action: string) => ({ action: `dynamodb:${action}`, resource: `table ${tableName}` });

  async function scan(now: number): Promise<Tally> {
    const tally: Tally = {
      succeeded: 0,
      failed: 0,
      waiting: 0,
      overdue: 0,
      samples: [],
      counted: new Map(),
      found: new Map(),
    };
    const readSegment = async (_: unknown, segment: number): Promise<void> => {
      for await (const items of table.scan(segment, segments)) for (const item of items) addItem(tally, item, now);
    };
    await Promise.all(Array.from({ length: segments }, readSegment));
    return tally;
  }

  return {
    async run() {
      const now = clock.now();
      const { counted, found, samples, succeeded, failed, waiting, overdue } = await scan(now);
      const report: AccountingReport = {
        accepted: succeeded + failed + waiting,
        succeeded,
        failed,
        waiting,
        asOf: now,
        missing: countMissing(counted, found, now),
        overdue,
        overdueSamples: samples.map(toView),
      };
      await calling(call('PutItem'), () =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: {
              ...Key,
              succeeded: toAttribute(succeeded),
              failed: toAttribute(failed),
              waiting: toAttribute(waiting),
              missing: toAttribute(report.missing),
              overdue: toAttribute(overdue),
              asOf: toAttribute(now),
            },
          }),
        ),
      );
      return report;
    },

    async read() {
      const { Item: item } = await calling(call('GetItem'), () =>
        client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true })),
      );
      if (item === undefined) return undefined;
      const number = (name: string): number => Number(item[name]?.N ?? 0);
      const [succeeded, failed, waiting] = [number('succeeded'), number('failed'), number('waiting')];
      const [missing, overdue] = [number('missing'), number('overdue')];
      const accepted = succeeded + failed + waiting + missing;
      return { accepted, succeeded, failed, waiting, missing, overdue, asOf: number('asOf') };
    },
  };
}

function addItem(tally: Tally, item: Item, now: number): void {
  const count = readCount(item);
  if (count !== undefined) addTo(tally.counted, count.day, count.count);
  else if (!item['pk']?.S?.startsWith(RESERVED)) addRow(tally, fromItem(item), now);
}

function addRow(tally: Tally, row: MessageRow, now: number): void {
  addTo(tally.found, dayOf(row.acceptedAt), 1);
  if (row.status === 'SUCCESS') tally.succeeded += 1;
  else if (row.status === 'FAILED') tally.failed += 1;
  else tally.waiting += 1;
  const isOverdue = !hasEnded(row) && (row.due ?? 0) < now - OVERDUE_MS;
  if (!isOverdue) return;
  tally.overdue += 1;
  if (tally.samples.length < SAMPLES) tally.samples.push(row);
}

function addTo(counts: Map<string, number>, day: string, count: number): void {
  counts.set(day, (counts.get(day) ?? 0) + count);
}

/** Of the days whose rows are all still there, and that are over: while the table is read, others come. */
function countMissing(counted: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>, now: number): number {
  const first = dayOf(now - COMPARED_DAYS * DAY_MS);
  const current = dayOf(now - SETTLED_MS);
  let missing = 0;
  for (const [day, count] of counted) {
    if (day >= first && day < current) missing += Math.max(0, count - (found.get(day) ?? 0));
  }
  return missing;
}

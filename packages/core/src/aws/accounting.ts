/**
 * The books on AWS: an hourly look at every row. Counts what there is, compares it with what was counted when it was
 * accepted, and names the messages that should have moved and did not.
 */

import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { hasEnded } from '../domain/lifecycle.ts';
import type { Clock } from '../ports/clock.ts';
import type { Counts, MessageView } from '../ports/message-store.ts';
import { type AcceptCounter, dayOf } from './accept-counter.ts';
import { calling } from './aws-errors.ts';
import { toAttribute, toView } from './message-item.ts';
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
  read(): Promise<Counts | undefined>;
}

export interface AccountingDeps {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly table: MessageTable;
  readonly counter: AcceptCounter;
  readonly clock: Clock;
  /** Parts of the table that are read at once. */
  readonly segments: number;
}

/** A message that is due and still waits after this is overdue: longer than any queue's delay and any lease. */
const OVERDUE_MS = 30 * 60_000;
const SAMPLES = 20;
/**
 * Days whose rows are all still there: they live for at least 7 days after their end. Today is left out, because rows
 * come while the table is read.
 */
const COMPARED_DAYS = 6;
const DAY_MS = 86_400_000;

interface Tally {
  succeeded: number;
  failed: number;
  waiting: number;
  overdue: number;
  readonly samples: MessageRow[];
  readonly byDay: Map<string, number>;
}

export function createAccounting({ client, tableName, table, counter, clock, segments }: AccountingDeps): Accounting {
  const Key = { pk: { S: `${RESERVED}accounting` }, sk: { S: 'latest' } };
  const call = (action: string) => ({ action: `dynamodb:${action}`, resource: `table ${tableName}` });

  async function scan(now: number): Promise<Tally> {
    const tally: Tally = { succeeded: 0, failed: 0, waiting: 0, overdue: 0, samples: [], byDay: new Map() };
    const readSegment = async (_: unknown, segment: number): Promise<void> => {
      for await (const rows of table.scan(segment, segments)) for (const row of rows) add(tally, row, now);
    };
    await Promise.all(Array.from({ length: segments }, readSegment));
    return tally;
  }

  return {
    async run() {
      const now = clock.now();
      const firstDay = dayOf(now - COMPARED_DAYS * DAY_MS);
      // Counted before it is looked for: what comes in between can only be found without being counted.
      const counted = await counter.read(firstDay);
      const { byDay, samples, succeeded, failed, waiting, overdue } = await scan(now);
      const report: AccountingReport = {
        accepted: succeeded + failed + waiting,
        succeeded,
        failed,
        waiting,
        asOf: now,
        missing: countMissing(counted, byDay, dayOf(now)),
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
      const accepted = succeeded + failed + waiting + number('missing');
      return { accepted, succeeded, failed, waiting, asOf: number('asOf') };
    },
  };
}

function add(tally: Tally, row: MessageRow, now: number): void {
  const day = dayOf(row.acceptedAt);
  tally.byDay.set(day, (tally.byDay.get(day) ?? 0) + 1);
  if (row.status === 'SUCCESS') tally.succeeded += 1;
  else if (row.status === 'FAILED') tally.failed += 1;
  else tally.waiting += 1;
  const isOverdue = !hasEnded(row) && (row.due ?? 0) < now - OVERDUE_MS;
  if (!isOverdue) return;
  tally.overdue += 1;
  if (tally.samples.length < SAMPLES) tally.samples.push(row);
}

function countMissing(counted: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>, today: string): number {
  let missing = 0;
  for (const [day, count] of counted) if (day !== today) missing += Math.max(0, count - (found.get(day) ?? 0));
  return missing;
}

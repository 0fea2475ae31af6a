/** The dataset of attempts to deliver, from the attempt log. */

import { ATTEMPT_COLUMNS } from '@millrace/core';
import type { ColumnSpec, TableSchema } from '@millrace/parquet';
import { utcText } from '../calendar.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';
import { createObjectReader, type ObjectReadingOptions } from '../object-reading.ts';
import { type Attempt, type AttemptColumn, readAttempt } from './attempt.ts';
import { batchNameRanges, readBatchName } from './batch-name.ts';

const REQUIRED = { type: 'string', nullable: false } as const;

const COLUMNS: Readonly<Record<AttemptColumn, Omit<ColumnSpec, 'name'>>> = {
  sender_id: REQUIRED,
  message_id: REQUIRED,
  // Part of the message's identity, to the nanosecond: as text, or two messages could become one.
  message_timestamp: REQUIRED,
  target_origin: REQUIRED,
  webhook_id: REQUIRED,
  attempt: { type: 'int32', nullable: false },
  started_at: { type: 'timestamp', nullable: false },
  status_code: { type: 'int32', nullable: true },
  outcome: REQUIRED,
  reason: { type: 'string', nullable: true },
  error_class: { type: 'string', nullable: true },
  connect_ms: { type: 'double', nullable: true },
  first_byte_ms: { type: 'double', nullable: true },
  total_ms: { type: 'double', nullable: false },
  request_bytes: { type: 'int32', nullable: false },
  response_bytes: { type: 'int32', nullable: false },
  worker: REQUIRED,
};

const SCHEMA: TableSchema = {
  columns: ATTEMPT_COLUMNS.map((name) => ({ name, ...COLUMNS[name] })),
  orderBy: 'started_at',
};

export type DeliveriesOptions = ObjectReadingOptions;

/** An object of the log can hold attempts of two days, and then feeds the files of both. */
export function createDeliveries(options: DeliveriesOptions = {}): Dataset {
  return {
    name: 'deliveries',
    schema: SCHEMA,
    template: 'deliveries/dt={dt}/deliveries.parquet',
    templateFields: ['dt'],
    readKey: readBatchName,
    readObject: createObjectReader((json) => {
      const reading = readAttempt(json);
      return reading.kind === 'attempt' ? { kind: 'row', row: toRow(reading.attempt) } : reading;
    }, options),
    listingRanges: batchNameRanges,
  };
}

function toRow(attempt: Attempt): DatasetRow {
  return {
    values: ATTEMPT_COLUMNS.map((name) => attempt[name]),
    timestamp: attempt.started_at,
    fields: { dt: utcText(Math.floor(attempt.started_at / 1_000)).slice(0, 10) },
  };
}

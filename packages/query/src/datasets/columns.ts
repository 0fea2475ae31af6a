/** The tables that queries see: the same names and columns in DuckDB and in Athena. */

import type { ATTEMPT_COLUMNS } from '@millrace/core';

export type DatasetName = 'visit-events' | 'deliveries';

export type ColumnType = 'string' | 'int32' | 'double' | 'timestamp';

export interface DatasetColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

export interface DatasetTable {
  /** Also the name of its folder in a checkpoint. */
  readonly dataset: DatasetName;
  /** What queries call it. */
  readonly table: string;
  readonly columns: readonly DatasetColumn[];
}

const column = (type: ColumnType, nullable: boolean) => ({ type, nullable });
const STRING = column('string', false);
const STRING_OR_NULL = column('string', true);
const INT32 = column('int32', false);
const DOUBLE = column('double', false);
const DOUBLE_OR_NULL = column('double', true);
const TIMESTAMP = column('timestamp', false);

const VISIT_EVENTS = {
  action: STRING,
  study: STRING,
  pipeline_adcid: INT32,
  project_label: STRING,
  center_label: STRING,
  gear_name: STRING,
  ptid: STRING,
  visit_date: STRING,
  visit_number: STRING_OR_NULL,
  datatype: STRING,
  module: STRING_OR_NULL,
  packet: STRING_OR_NULL,
  timestamp: TIMESTAMP,
};

const DELIVERIES: Readonly<Record<(typeof ATTEMPT_COLUMNS)[number], Omit<DatasetColumn, 'name'>>> = {
  sender_id: STRING,
  message_id: STRING,
  message_timestamp: STRING,
  target_origin: STRING,
  webhook_id: STRING,
  attempt: INT32,
  started_at: TIMESTAMP,
  status_code: column('int32', true),
  outcome: STRING,
  reason: STRING_OR_NULL,
  error_class: STRING_OR_NULL,
  connect_ms: DOUBLE_OR_NULL,
  first_byte_ms: DOUBLE_OR_NULL,
  total_ms: DOUBLE,
  request_bytes: INT32,
  response_bytes: INT32,
  worker: STRING,
};

export const DATASET_TABLES: Readonly<Record<DatasetName, DatasetTable>> = {
  'visit-events': { dataset: 'visit-events', table: 'visit_events', columns: toColumns(VISIT_EVENTS) },
  deliveries: { dataset: 'deliveries', table: 'deliveries', columns: toColumns(DELIVERIES) },
};

function toColumns(columns: Readonly<Record<string, Omit<DatasetColumn, 'name'>>>): readonly DatasetColumn[] {
  return Object.entries(columns).map(([name, rest]) => ({ name, ...rest }));
}

const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  int32: 'INTEGER',
  double: 'DOUBLE',
  timestamp: 'TIMESTAMPTZ',
};

/** DuckDB keeps the microseconds, and the fact that they are UTC. */
export function duckdbType(type: ColumnType): string {
  return DUCKDB_TYPES[type];
}

const GLUE_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'string',
  int32: 'int',
  double: 'double',
  timestamp: 'timestamp',
};

/**
 * The columns of the dataset's table in the Glue catalogue, whose location is the dataset's folder. Athena reads its
 * `timestamp` as UTC, rounded to milliseconds.
 */
export function glueColumns(dataset: DatasetName): readonly { readonly name: string; readonly type: string }[] {
  return DATASET_TABLES[dataset].columns.map(({ name, type }) => ({ name, type: GLUE_TYPES[type] }));
}

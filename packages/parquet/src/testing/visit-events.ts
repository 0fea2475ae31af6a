/** Rows like those of visit events. Every field can be overridden; what a test does not name is of no concern to it. */

import type { ColumnSpec, Row, TableSchema, Value } from '../table-schema.ts';

const text = (name: string, nullable = false): ColumnSpec => ({ name, type: 'string', nullable });

export const VISIT_SCHEMA: TableSchema = {
  columns: [
    text('action'),
    text('study'),
    { name: 'pipeline_adcid', type: 'int32', nullable: false },
    text('project_label'),
    text('center_label'),
    text('gear_name'),
    text('ptid'),
    text('visit_date'),
    text('visit_number', true),
    text('datatype'),
    text('module', true),
    text('packet', true),
    { name: 'timestamp', type: 'timestamp', nullable: false },
  ],
  orderBy: 'timestamp',
};

/** 2026-03-01T09:30:00.370502Z. */
export const FIRST_VISIT = 1_772_357_400_370_502;

export function aVisit(fields: Readonly<Record<string, Value>> = {}): Row {
  const visit: Readonly<Record<string, Value>> = {
    action: 'submit',
    study: 'adrc',
    pipeline_adcid: 42,
    project_label: 'ingest-form',
    center_label: 'center-42',
    gear_name: 'identifier-lookup',
    ptid: '110001',
    visit_date: '2026-02-27',
    visit_number: '01',
    datatype: 'form',
    module: 'UDS',
    packet: 'I',
    timestamp: FIRST_VISIT,
    ...fields,
  };
  return VISIT_SCHEMA.columns.map(({ name }) => visit[name] ?? null);
}

/**
 * Visits that differ as real ones do: few studies and centers, many participants, some nulls.
 *
 * @param first microseconds of the first one; each is some milliseconds after the one before it
 */
export function someVisits(count: number, first = FIRST_VISIT): Row[] {
  return Array.from({ length: count }, (_, index) =>
    aVisit({
      action: ['submit', 'pass-qc', 'not-pass-qc', 'delete'][index % 4] ?? 'submit',
      study: index % 7 === 0 ? 'dvcid' : 'adrc',
      pipeline_adcid: 1 + (index % 60),
      center_label: `center-${1 + (index % 60)}`,
      ptid: String(100_000 + ((index * 7_919) % 90_000)),
      visit_number: index % 10 === 0 ? null : String(1 + (index % 20)).padStart(2, '0'),
      packet: index % 3 === 0 ? null : (['I', 'F', 'T'][index % 3] ?? null),
      timestamp: first + index * 9_973,
    }),
  );
}

/** Visit events as tests and measures make them: rows that are the same every time. */

import type { Row } from '../../src/table-schema.ts';
// Not by the index beside it: measures would load what properties need.
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';

export const COLUMN_NAMES: readonly string[] = VISIT_SCHEMA.columns.map(({ name }) => name);

/** Where a column's value stands in a row. */
export function columnIndex(name: string): number {
  const index = COLUMN_NAMES.indexOf(name);
  if (index < 0) throw new Error(`no column ${name}`);
  return index;
}

const TIMESTAMP = columnIndex('timestamp');

/** Microseconds since the epoch. */
export function timestampOf(row: Row): number {
  return Number(row[TIMESTAMP]);
}

/** By time; rows of the same time stay in their order. */
export function byTimestamp(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => timestampOf(a) - timestampOf(b));
}

const SECOND = 1_000_000;

export interface VisitEventOptions {
  readonly seed: number;
  /** Microseconds since the epoch, of the moment before the first event. */
  readonly start?: number;
  /** Mean microseconds from one event to the next. */
  readonly step?: number;
  /** The part of events, 0 to 1, that lie up to a week before the time they come at. */
  readonly late?: number;
}

/** Of the first events, in microseconds since the epoch. */
export const EVENTS_START = Date.UTC(2024, 0, 1) * 1_000;
/** Microseconds from one event to the next. */
export const MEAN_STEP = SECOND;
const WEEK = 7 * 24 * 3_600 * SECOND;
const DAY_MS = 24 * 3_600_000;

/** In the order in which they come: of those that are not late, by time. Microseconds are used to the last digit. */
export function* visitEvents(count: number, options: VisitEventOptions): Generator<Row> {
  const { seed, start = EVENTS_START, step = MEAN_STEP, late = 0 } = options;
  const random = linearCongruential(seed);
  const pick = (items: readonly string[]) => items[Math.floor(random() * items.length)] ?? '';
  let now = start;
  for (let i = 0; i < count; i++) {
    now += Math.floor(random() * 2 * step);
    const timestamp = random() < late ? now - Math.floor(random() * WEEK) : now;
    const datatype = pick(['form', 'form', 'form', 'dicom', 'apoe']);
    const study = pick(['adrc', 'adrc', 'dvcid', 'leads']);
    const visitDay = Math.floor(timestamp / 1_000) - random() * 30 * DAY_MS;
    yield [
      pick(['submit', 'pass-qc', 'not-pass-qc', 'delete']),
      study,
      1 + Math.floor(random() * 60),
      `ingest-${datatype}${study === 'adrc' ? '' : `-${study}`}`,
      `center-${Math.floor(random() * 60)}`,
      pick(['identifier-lookup', 'form-scheduler']),
      String(100_000 + Math.floor(random() * 90_000)),
      new Date(visitDay).toISOString().slice(0, 10),
      random() < 0.1 ? null : String(1 + Math.floor(random() * 20)).padStart(2, '0'),
      datatype,
      datatype === 'form' ? pick(['UDS', 'FTLD', 'LBD', 'MDS']) : null,
      random() < 0.3 ? null : pick(['I', 'F', 'T']),
      timestamp,
    ];
  }
}

/** Uniform in [0, 1); the same on every machine. */
function linearCongruential(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

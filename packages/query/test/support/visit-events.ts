/** Visit events as plain objects: random ones, which collide often, and what the pack means by a visit and by order. */

import fc from 'fast-check';

export interface VisitEvent {
  readonly action: string;
  readonly study: string;
  readonly pipeline_adcid: number;
  readonly project_label: string;
  readonly center_label: string;
  readonly gear_name: string;
  readonly ptid: string;
  readonly visit_date: string;
  readonly visit_number: string | null;
  readonly datatype: string;
  readonly module: string | null;
  readonly packet: string | null;
  /** Microseconds since the epoch. */
  readonly timestamp: number;
}

export const DAY_US = 86_400_000_000;
const START_US = Date.UTC(2026, 0, 30) * 1_000;

export const DOMAINS = {
  action: ['submit', 'pass-qc', 'not-pass-qc', 'delete'],
  study: ['adrc', 'dvcid'],
  pipeline_adcid: [1, 2, 10],
  project_label: ['ingest-form', 'ingest-form-dvcid'],
  center_label: ['alpha', 'béta'],
  gear_name: ['form-checker', "o'gear"],
  ptid: ['110001', '110002'],
  visit_date: ['2026-01-29', '2026-01-31', '2024-02-29'],
  visit_number: [null, '1', '2'],
  datatype: ['form', 'dicom'],
  module: [null, 'UDS', 'LBD'],
  packet: [null, 'I', 'F'],
} as const;

/** Equal times, neighbours of midnight, and one before 1970. */
const timestamp = fc.oneof(
  { weight: 20, arbitrary: timesNear(START_US) },
  { weight: 1, arbitrary: timesNear(-DAY_US) },
);

function timesNear(startUs: number): fc.Arbitrary<number> {
  const ofDay = fc.constantFrom(0, 1, DAY_US / 2, DAY_US / 2 + 1_000, DAY_US - 1);
  return fc.tuple(fc.nat({ max: 2 }), ofDay).map(([day, time]) => startUs + day * DAY_US + time);
}

const visitEvent: fc.Arbitrary<VisitEvent> = fc.record({
  action: fc.constantFrom(...DOMAINS.action),
  study: fc.constantFrom(...DOMAINS.study),
  pipeline_adcid: fc.constantFrom(...DOMAINS.pipeline_adcid),
  project_label: fc.constantFrom(...DOMAINS.project_label),
  center_label: fc.constantFrom(...DOMAINS.center_label),
  gear_name: fc.constantFrom(...DOMAINS.gear_name),
  ptid: fc.constantFrom(...DOMAINS.ptid),
  visit_date: fc.constantFrom(...DOMAINS.visit_date),
  visit_number: fc.constantFrom(...DOMAINS.visit_number),
  datatype: fc.constantFrom(...DOMAINS.datatype),
  module: fc.constantFrom(...DOMAINS.module),
  packet: fc.constantFrom(...DOMAINS.packet),
  timestamp,
});

/** Some visits with several events, some events more than once. */
export const visitEvents: fc.Arbitrary<readonly VisitEvent[]> = fc
  .tuple(fc.array(visitEvent, { maxLength: 6 }), fc.array(fc.tuple(fc.nat(), visitEvent), { maxLength: 24 }))
  .map(([firsts, others]) => {
    const later = others.flatMap(([pick, other]): VisitEvent[] => {
      const first = firsts[pick % Math.max(1, firsts.length)];
      if (first === undefined) return [];
      const { action, visit_number, packet, timestamp: time, center_label } = other;
      const isSame = pick % 5 === 0;
      return [isSame ? first : { ...first, action, visit_number, packet, timestamp: time, center_label }];
    });
    return [...firsts, ...later];
  });

const VISIT = ['study', 'pipeline_adcid', 'ptid', 'visit_date', 'datatype', 'module'] as const;

export function visitOf(event: VisitEvent): string {
  return JSON.stringify(VISIT.map((column) => event[column]));
}

export function countVisits(events: readonly VisitEvent[]): number {
  return new Set(events.map(visitOf)).size;
}

const STEPS = ['submit', 'not-pass-qc', 'pass-qc', 'delete'];

/** Of two events of a visit: which is the later one. */
export function compareTime(a: VisitEvent, b: VisitEvent): number {
  return compareBy(
    a,
    b,
    (event) => event.timestamp,
    (event) => STEPS.indexOf(event.action),
    (event) => event.project_label,
    (event) => event.center_label,
    (event) => event.gear_name,
    (event) => event.visit_number,
    (event) => event.packet,
  );
}

type Key = string | number | null;

/** Null comes first. */
export function compareBy<T>(a: T, b: T, ...keys: ((item: T) => Key)[]): number {
  for (const key of keys) {
    const [left, right] = [key(a), key(b)];
    if (left === right) continue;
    if (left === null || right === null) return left === null ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

export function utcDay(us: number): string {
  return new Date(Math.floor(us / 1_000)).toISOString().slice(0, 10);
}

export function isoMicros(us: number): string {
  const micros = ((us % 1_000) + 1_000) % 1_000;
  return new Date((us - micros) / 1_000).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** Whole days from one day to another. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}

/** In the order of their first member. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): (readonly T[])[] {
  return [...Map.groupBy(items, key).values()];
}

export function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error('there is no last one of none');
  return item;
}

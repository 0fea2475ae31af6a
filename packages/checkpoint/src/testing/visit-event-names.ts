/** Names of objects of visit events, as their source makes them, and as properties need them. */

import fc from 'fast-check';
import { ACTIONS, type Action, type VisitEvent } from '../datasets/visit-events/visit-event.ts';

/** `log-{action}-{YYYYMMDD-HHMMSS}-{adcid}-{project}-{ptid}-{visit number or date}.json` */
export function visitEventName(event: VisitEvent): string {
  const second = compactSecond(event.timestamp / 1_000);
  const visit = event.visit_number ?? event.visit_date;
  return `log-${event.action}-${second}-${event.pipeline_adcid}-${event.project_label}-${event.ptid}-${visit}.json`;
}

export interface SampleLogName {
  readonly name: string;
  readonly action: Action;
  /** Epoch milliseconds, of a whole second, or in the older form of a whole day. */
  readonly time: number;
  readonly adcid: number | undefined;
}

/** Seconds of the years 0000–9999, most of them of our days. */
export function logSeconds(): fc.Arbitrary<number> {
  const seconds = (from: string, to: string) =>
    fc.integer({ min: Date.parse(from) / 1_000, max: Date.parse(to) / 1_000 }).map((second) => second * 1_000);
  return fc.oneof(
    { weight: 4, arbitrary: seconds('2020-01-01T00:00:00Z', '2030-12-31T23:59:59Z') },
    { weight: 1, arbitrary: seconds('0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z') },
  );
}

/** Valid names of both forms, directly below the prefix. Labels, ids and visits hold what makes reading hard. */
export function logNames(seconds: fc.Arbitrary<number> = logSeconds()): fc.Arbitrary<SampleLogName> {
  const part = fc.oneof(
    fc.constantFrom('ingest-form', 'a-b-', '-', '--', '20240102-030405', '2024-01-02', 'log-submit', '.json', '01'),
    fc.string({ minLength: 1, unit: fc.constantFrom(...'abc019-._/ é🧠\n') }),
  );
  const long = fc
    .record({
      action: fc.constantFrom(...ACTIONS),
      time: seconds,
      adcid: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
      rest: fc.tuple(part, part, part),
      end: fc.constantFrom('.json', '.json.gz'),
    })
    .map(({ action, time, adcid, rest, end }) => ({
      name: `log-${action}-${compactSecond(time)}-${adcid}-${rest.join('-')}${end}`,
      action,
      time,
      adcid,
    }));
  const short = fc
    .record({ action: fc.constantFrom(...ACTIONS), second: seconds, end: fc.constantFrom('.json', '.json.gz') })
    .map(({ action, second, end }) => ({
      name: `log-${action}-${compactSecond(second).slice(0, 8)}${end}`,
      action,
      time: Math.floor(second / 86_400_000) * 86_400_000,
      adcid: undefined,
    }));
  return fc.oneof({ weight: 3, arbitrary: long }, { weight: 1, arbitrary: short });
}

/** `YYYYMMDD-HHMMSS` */
export function compactSecond(epochMs: number): string {
  return new Date(Math.floor(epochMs)).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

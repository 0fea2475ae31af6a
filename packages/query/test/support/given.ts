/** Random values for the parameters of a query, and which rows they leave. */

import fc from 'fast-check';
import type { NamedQuery } from '../../src/named-query/named-query.ts';
import { type ParameterValues, readParameterValues } from '../../src/named-query/parameters.ts';
import { DELIVERY_DOMAINS } from './deliveries.ts';
import { DAY_US, DOMAINS, isoMicros } from './visit-events.ts';

const timeOfEvents = fc
  .tuple(fc.integer({ min: -1, max: 5 }), fc.constantFrom(0, 1, DAY_US / 2, DAY_US - 1))
  .map(([day, time]) => isoMicros(Date.UTC(2026, 0, 30) * 1_000 + day * DAY_US + time));
const timeOfDeliveries = fc
  .tuple(fc.integer({ min: -1, max: 4 }), fc.constantFrom(0, 1))
  .map(([hour, time]) => isoMicros(Date.UTC(2026, 10, 22, 22 + hour) * 1_000 + time));
const day = fc.constantFrom(...DOMAINS.visit_date, '2026-01-30');
/** A value that occurs, or now and then one that does not. */
const oneOf = (values: readonly (string | number | null)[], other: string) =>
  fc.constantFrom(...values.filter((value) => value !== null).map(String), other);

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  study: oneOf(DOMAINS.study, "no'study"),
  adcid: oneOf(DOMAINS.pipeline_adcid, '99'),
  ptid: oneOf(DOMAINS.ptid, 'nobody'),
  action: oneOf(DOMAINS.action, 'none'),
  datatype: oneOf(DOMAINS.datatype, 'none'),
  module: oneOf(DOMAINS.module, 'none'),
  packet: oneOf(DOMAINS.packet, 'none'),
  visit_date: day,
  visit_from: day,
  visit_to: day,
  sender: oneOf(DELIVERY_DOMAINS.sender, "no'sender"),
  target: oneOf(DELIVERY_DOMAINS.target, 'https://none.example'),
  outcome: oneOf(DELIVERY_DOMAINS.outcome, 'none'),
};

/** The required parameters of the query and up to two of the others: more would seldom leave a row. */
export function parametersOf(query: NamedQuery): fc.Arbitrary<ParameterValues> {
  const { parameters, table } = query;
  const time = table.table === 'deliveries' ? timeOfDeliveries : timeOfEvents;
  const optional = parameters.filter(({ isRequired }) => !isRequired);
  return fc
    .subarray(optional, { maxLength: Math.min(2, optional.length) })
    .map((some) => [...some, ...parameters.filter(({ isRequired }) => isRequired)])
    .chain((some) =>
      fc.tuple(...some.map(({ name }) => pairOf(name, name === 'from' || name === 'to' ? time : VALUES[name]))),
    )
    .map((given) => readParameterValues(parameters, given, 0));
}

function pairOf(name: string, value: fc.Arbitrary<string> | undefined): fc.Arbitrary<string> {
  if (value === undefined) throw new Error(`the parameter ${name} has no values here`);
  return value.map((text) => `${name}=${text}`);
}

const COLUMNS: Readonly<Record<string, string>> = {
  adcid: 'pipeline_adcid',
  sender: 'sender_id',
  target: 'target_origin',
};

type Plain = Readonly<Record<string, unknown>>;

/** The rows that the parameters leave; those of `except` leave all. */
export function leftBy<T extends object>(
  rows: readonly T[],
  given: ParameterValues,
  except: readonly string[] = [],
): T[] {
  const time = (row: Plain) => isoMicros(Number(row['timestamp'] ?? row['started_at']));
  return rows.filter((item) => {
    const row = { ...item } as Plain;
    return [...given].every(([name, value]) => {
      if (value === null || except.includes(name)) return true;
      if (name === 'from') return time(row) >= padded(value);
      if (name === 'to') return time(row) < padded(value);
      if (name === 'visit_from') return String(row['visit_date']) >= value;
      if (name === 'visit_to') return String(row['visit_date']) <= value;
      return row[COLUMNS[name] ?? name] !== null && String(row[COLUMNS[name] ?? name]) === value;
    });
  });
}

/** With six digits of fraction, as the times that it is compared with. */
function padded(instant: string): string {
  const [seconds = '', fraction = ''] = instant.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}Z`;
}

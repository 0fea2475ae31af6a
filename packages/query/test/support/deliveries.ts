/** Attempts as plain objects: random ones, and what the queries about them answer, worked out plainly. */

import fc from 'fast-check';
import type { Rows } from './expected-events.ts';
import { compareBy, DAY_US, groupBy, isoMicros } from './visit-events.ts';

export interface Delivery {
  readonly sender_id: string;
  readonly message_id: string;
  readonly message_timestamp: string;
  readonly target_origin: string;
  readonly webhook_id: string;
  readonly attempt: number;
  /** Microseconds since the epoch. */
  readonly started_at: number;
  readonly status_code: number | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly error_class: string | null;
  readonly connect_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly total_ms: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly worker: string;
}

export const DELIVERY_DOMAINS = {
  sender: ['billing', "o'sender"],
  target: ['https://a.example', 'https://b.example'],
  outcome: ['success', 'retry', 'dead-letter'],
} as const;

const START_US = Date.UTC(2026, 10, 22, 22) * 1_000;
const HOUR_US = DAY_US / 24;

const delivery: fc.Arbitrary<Delivery> = fc.record({
  sender_id: fc.constantFrom(...DELIVERY_DOMAINS.sender),
  message_id: fc.constantFrom('m1', 'm2', 'm3'),
  message_timestamp: fc.constantFrom('2026-11-22T10:00:00Z', '2026-11-22T11:00:00Z'),
  target_origin: fc.constantFrom(...DELIVERY_DOMAINS.target),
  webhook_id: fc.constant('w'),
  attempt: fc.integer({ min: 1, max: 3 }),
  started_at: fc
    .tuple(fc.nat({ max: 3 }), fc.constantFrom(0, 1, HOUR_US - 1))
    .map(([hour, time]) => START_US + hour * HOUR_US + time),
  status_code: fc.constantFrom(null, 200, 404, 503),
  outcome: fc.constantFrom(...DELIVERY_DOMAINS.outcome),
  reason: fc.constantFrom(null, 'exhausted'),
  error_class: fc.constantFrom(null, 'http-5xx', 'timeout'),
  connect_ms: fc.constantFrom(null, 0.5),
  first_byte_ms: fc.constantFrom(null, 1.25),
  // Eighths: their sums are exact in any order.
  total_ms: fc.nat({ max: 40 }).map((eighths) => eighths / 8),
  request_bytes: fc.nat({ max: 10 }),
  response_bytes: fc.nat({ max: 10 }),
  worker: fc.constant('w1'),
});

/** Often 20 to one target, where 50, 90 and 95 in a hundred are whole attempts. */
export const deliveries: fc.Arbitrary<readonly Delivery[]> = fc.oneof(
  fc.array(delivery, { maxLength: 60 }),
  fc
    .array(delivery, { minLength: 20, maxLength: 20 })
    .map((items) => items.map((item) => ({ ...item, target_origin: DELIVERY_DOMAINS.target[0] }))),
);

const messageOf = (item: Delivery) => JSON.stringify([item.sender_id, item.message_id, item.message_timestamp]);
const distinct = (items: readonly Delivery[], key: (item: Delivery) => string) => new Set(items.map(key)).size;
const withOutcome = (items: readonly Delivery[], outcome: string) =>
  items.filter((item) => item.outcome === outcome).length;
const targetOf = (items: readonly Delivery[]) => items[0]?.target_origin ?? '';

function span(items: readonly Delivery[]) {
  const times = items.map((item) => item.started_at);
  return { first_attempt: isoMicros(Math.min(...times)), last_attempt: isoMicros(Math.max(...times)) };
}

export const EXPECTED_DELIVERIES: Readonly<Record<string, (items: readonly Delivery[]) => Rows>> = {
  'deliveries-by-target': (items) =>
    groupBy(items, (item) => item.target_origin)
      .toSorted((a, b) => b.length - a.length || compareBy(a, b, targetOf))
      .map((group) => ({
        target_origin: targetOf(group),
        attempts: group.length,
        messages: distinct(group, messageOf),
        successes: withOutcome(group, 'success'),
        retries: withOutcome(group, 'retry'),
        dead_letters: withOutcome(group, 'dead-letter'),
        success_rate: withOutcome(group, 'success') / group.length,
        ...span(group),
      })),

  'deliveries-by-hour': (items) =>
    groupBy(items, (item) => isoMicros(Math.floor(item.started_at / HOUR_US) * HOUR_US))
      .toSorted((a, b) => compareBy(a, b, ([item]) => item?.started_at ?? 0))
      .map((group) => ({
        hour: isoMicros(Math.floor((group[0]?.started_at ?? 0) / HOUR_US) * HOUR_US),
        attempts: group.length,
        successes: withOutcome(group, 'success'),
        failures: group.length - withOutcome(group, 'success'),
        average_total_ms: group.reduce((sum, item) => sum + item.total_ms, 0) / group.length,
      })),

  'delivery-latency': (items) =>
    groupBy(items, (item) => item.target_origin)
      .toSorted((a, b) => compareBy(a, b, targetOf))
      .map((group) => {
        const times = group.map((item) => item.total_ms).toSorted((a, b) => a - b);
        const nearestRank = (percent: number) => times[Math.ceil((percent * times.length) / 100) - 1];
        return {
          target_origin: targetOf(group),
          attempts: group.length,
          p50_ms: nearestRank(50),
          p90_ms: nearestRank(90),
          p95_ms: nearestRank(95),
          p99_ms: nearestRank(99),
          longest_ms: times.at(-1),
        };
      }),

  'delivery-failures': (items) =>
    groupBy(
      items.filter((item) => item.outcome !== 'success'),
      (item) => String(item.error_class),
    )
      .toSorted((a, b) => b.length - a.length || compareBy(a, b, ([item]) => item?.error_class ?? null))
      .map((group) => ({
        error_class: group[0]?.error_class ?? null,
        attempts: group.length,
        messages: distinct(group, messageOf),
        dead_letters: withOutcome(group, 'dead-letter'),
        targets: distinct(group, (item) => item.target_origin),
        ...span(group),
      })),
};

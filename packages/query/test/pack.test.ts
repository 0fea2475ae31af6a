/** The named queries, each against a plain recomputation over random rows with random parameters. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NamedQuery } from '../src/named-query/named-query.ts';
import { loadPack } from '../src/named-query/pack.ts';
import { deliveries, EXPECTED_DELIVERIES } from './support/deliveries.ts';
import { EXPECTED_EVENTS, type Rows } from './support/expected-events.ts';
import { leftBy, parametersOf } from './support/given.ts';
import { type MemoryTables, openMemoryTables, type PlainRow } from './support/memory-tables.ts';
import { type VisitEvent, visitEvents } from './support/visit-events.ts';

const PACK = loadPack();
const RUNS = { numRuns: 100 };

let tables: MemoryTables;
beforeAll(async () => {
  tables = await openMemoryTables();
});
afterAll(() => tables.close());

function queryNamed(name: string): NamedQuery {
  const query = PACK.find((known) => known.name === name);
  if (query === undefined) throw new Error(`there is no query ${name}`);
  return query;
}

async function ask(
  query: NamedQuery,
  rows: readonly PlainRow[],
  given: ReadonlyMap<string, string | null>,
): Promise<Rows> {
  await tables.fill(query.table, rows);
  return await tables.ask(query, given);
}

test('every query of the pack is recomputed here', () => {
  const names = [...Object.keys(EXPECTED_EVENTS), ...Object.keys(EXPECTED_DELIVERIES)];
  expect(names.toSorted()).toEqual(PACK.map(({ name }) => name));
});

describe('visit events', () => {
  test.each(Object.entries(EXPECTED_EVENTS))('%s', async (name, expected) => {
    const query = queryNamed(name);
    // Where a visit stands is known from all of its events.
    const except = name === 'latest-events' ? ['action'] : [];
    await fc.assert(
      fc.asyncProperty(visitEvents, parametersOf(query), async (events, given) => {
        const rows = await ask(query, asRows(events), given);
        expect(rows).toEqual(expected(leftBy(events, given, except), given));
      }),
      RUNS,
    );
  });
});

describe('deliveries', () => {
  test.each(Object.entries(EXPECTED_DELIVERIES))('%s', async (name, expected) => {
    const query = queryNamed(name);
    await fc.assert(
      fc.asyncProperty(deliveries, parametersOf(query), async (attempts, given) => {
        const rows = await ask(
          query,
          attempts.map((attempt): PlainRow => ({ ...attempt })),
          given,
        );
        expect(rows).toEqual(expected(leftBy(attempts, given)));
      }),
      RUNS,
    );
  });
});

function asRows(events: readonly VisitEvent[]): PlainRow[] {
  return events.map((event) => ({ ...event }));
}

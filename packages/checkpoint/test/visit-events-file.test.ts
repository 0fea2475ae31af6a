/** From events to a file, as another program reads it. */

import { describe, expect, test } from '@jest/globals';
import { createDataset } from '@millrace/checkpoint';
import { aVisitEvent, toJsonEvent, visitEventName } from '@millrace/checkpoint/testing';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { VisitEvent } from '../src/datasets/visit-events/visit-event.ts';
import { createWorld, type World } from './support/world.ts';

const PATH = 'visit-events/adrc/form/events.parquet';
const FIRST = Date.UTC(2023, 0, 15) * 1_000 + 370_503;
const parsers = { timestampFromMicroseconds: (microseconds: bigint) => Number(microseconds) };

/** Of this second. */
function eventAt(second: number, overrides: Partial<VisitEvent> = {}): VisitEvent {
  return aVisitEvent({ timestamp: FIRST + second * 1_000_000, ...overrides });
}

/** An object of one event. @returns its key */
function put(world: World, event: VisitEvent, json: object = {}): string {
  const key = visitEventName(event);
  world.put(key, JSON.stringify({ ...toJsonEvent(event), ...json }));
  return key;
}

async function rowsByHyparquet({ target }: World): Promise<Record<string, unknown>[]> {
  const bytes = target.objects.get(PATH)?.bytes ?? new Uint8Array();
  const file = Uint8Array.from(bytes).buffer;
  return await parquetReadObjects({ file, metadata: parquetMetadata(file, { parsers }), parsers });
}

describe('a column that is null in 100 events before its first value', () => {
  const nulls = Array.from({ length: 100 }, (_, second) => eventAt(second, { visit_number: null, packet: null }));
  const value = eventAt(100, { visit_number: '01', packet: 'I' });

  test.each(['the same run', 'a later run'])('is a column of texts, also when the value comes in %s', async (run) => {
    const world = createWorld(createDataset('visit-events'));
    for (const event of nulls) put(world, event);
    if (run === 'a later run') expect(await world.run()).toMatchObject({ events: { folded: 100 }, failures: [] });
    put(world, value);
    expect(await world.run()).toMatchObject({ totalEvents: 101, failures: [] });
    expect(await rowsByHyparquet(world)).toEqual([...nulls, value]);
  });
});

test('a number of more than 32 bits is refused with its object, and the largest one is in the file', async () => {
  const world = createWorld(createDataset('visit-events'));
  const largest = eventAt(0, { pipeline_adcid: 2 ** 31 - 1 });
  put(world, largest);
  const keys = [2 ** 31, 2 ** 32 + 1, `${2 ** 31}`].map((adcid, index) =>
    put(world, eventAt(index + 1), { pipeline_adcid: adcid }),
  );
  const report = await world.run();
  expect(report).toMatchObject({ events: { folded: 1, invalid: 3 }, totalEvents: 1 });
  const reasons = [expect.stringContaining('pipeline_adcid')];
  expect(report.failures).toEqual(keys.map((key) => ({ kind: 'content', key, reasons })));
  expect(await rowsByHyparquet(world)).toEqual([largest]);
});

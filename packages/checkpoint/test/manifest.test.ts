import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createManifest, growManifest, type Segment } from '../src/manifest/manifest.ts';
import type { ObjectVersion } from '../src/manifest/object-version.ts';
import { createBucket, type MemoryObjects, viewBucket } from './support/memory-objects.ts';

const PREFIX = 'manifest/';
const RUNS = 100;

const openObjects = () => viewBucket(createBucket(), { clock: { now: () => 0 } });
const versionAt = (time: number): ObjectVersion => ({ key: `log-${time}`, etag: `"${time}"`, time });

/** Segments of a version each, none of which is merged with another. */
async function manySegments(objects: MemoryObjects, times: readonly number[]) {
  const segments: Segment[] = [];
  for (const [index, time] of times.entries()) {
    const { segments: grown } = await growManifest(objects, { prefix: PREFIX, segments: [], name: `s${index}` }, [
      versionAt(time),
    ]);
    segments.push(...grown);
  }
  return segments;
}

test('any versions, in any number of segments, are known in any order, and no others', async () => {
  const aTime = fc.integer({ min: 0, max: 40 });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(aTime, { maxLength: 30 }),
      fc.array(aTime, { maxLength: 60 }),
      async (own, asked) => {
        const objects = openObjects();
        const manifest = createManifest(objects, PREFIX, await manySegments(objects, own));
        for (const time of asked) expect(await manifest.has(versionAt(time))).toBe(own.includes(time));
      },
    ),
    { numRuns: RUNS },
  );
});

test('a listing in the order of time reads each of many segments once, and no more than a few are held', async () => {
  const objects = openObjects();
  const times = Array.from({ length: 50 }, (_, index) => index);
  const segments = await manySegments(objects, times);
  const reads = () => objects.calls.filter(({ call }) => call === 'get').length;
  const manifest = createManifest(objects, PREFIX, segments);
  for (const time of times) {
    for (const _ of ['once', 'and again']) expect(await manifest.has(versionAt(time))).toBe(true);
  }
  expect(reads()).toBe(50);
  for (const time of times.toReversed()) expect(await manifest.has(versionAt(time))).toBe(true);
  expect(reads()).toBe(50 + 50 - 8);
});

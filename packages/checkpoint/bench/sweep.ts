/**
 * What a sweep takes over objects that are all known: names are parsed and hashed, and looked up in segments of the
 * manifest. The listing itself costs nothing here. `node packages/checkpoint/bench/sweep.ts [millions of objects]`.
 */

import { createDataset } from '../src/datasets/index.ts';
import { createManifest, growManifest, type Segment } from '../src/manifest/manifest.ts';
import type { ObjectVersion } from '../src/manifest/object-version.ts';
import { findCandidates, newListingTally } from '../src/run/candidates.ts';

const MILLION = 1_000_000;
const ACTIONS = ['delete', 'not-pass-qc', 'pass-qc', 'submit'];
const PAGE = 1_000;
const START_MS = Date.UTC(2020, 0, 1);

const millions = Number(process.argv[2] ?? 4);
const perAction = (millions * MILLION) / ACTIONS.length;
const dataset = createDataset('visit-events');

/** In the order of a listing: by action, then by time, a second apart. */
function nameAt(index: number): string {
  const at = new Date(START_MS + (index % perAction) * 1_000).toISOString().replace(/[-:]|\..*/g, '');
  return `log-${ACTIONS[Math.floor(index / perAction)]}-${at.replace('T', '-')}-12-ingest-form-${100_000 + (index % 9_000)}-01.json`;
}

const etagOf = (index: number): string => `"${index.toString(16).padStart(32, '0')}"`;

function versionAt(index: number): ObjectVersion {
  const key = nameAt(index);
  const reading = dataset.readKey(key);
  if (reading.kind !== 'source') throw new Error(`${key} is no source`);
  return { key, etag: etagOf(index), time: reading.time };
}

const stored = new Map<string, Uint8Array>();
let segmentReads = 0;
const objects = {
  async get(key: string) {
    segmentReads += 1;
    const bytes = stored.get(key);
    return await Promise.resolve(bytes && { key, bytes, size: bytes.length, etag: '"1"', modifiedAt: 0 });
  },
  async put(key: string, bytes: Uint8Array) {
    stored.set(key, bytes);
    return await Promise.resolve({ etag: '"1"' });
  },
};
let segments: readonly Segment[] = [];
// As runs in the course of time leave them: each segment holds all actions of a stretch of time.
const step = 5_000;
for (let from = 0; from < perAction; from += step) {
  const versions = ACTIONS.flatMap((_, action) =>
    Array.from({ length: Math.min(step, perAction - from) }, (__, index) =>
      versionAt(action * perAction + from + index),
    ),
  );
  ({ segments } = await growManifest(objects, { prefix: '', segments, name: `segment-${from}` }, versions));
}
segmentReads = 0;

let listed = 0;
let lastKey = '';
const source = {
  async list({ startAfter = '' }: { readonly startAfter?: string }) {
    if (startAfter !== lastKey) throw new Error('pages are asked for in another order');
    const page = Array.from({ length: PAGE }, (_, index) => ({
      ...{ key: nameAt(listed + index), etag: etagOf(listed + index), size: 400, modifiedAt: 0 },
    }));
    listed += PAGE;
    lastKey = page.at(-1)?.key ?? '';
    return await Promise.resolve({ objects: page, more: listed < millions * MILLION });
  },
};
const plan = { recent: [], sweep: { startedAt: 0, objects: 0, after: '' } };
const tally = newListingTally(plan);
const manifest = createManifest(objects, '', segments);
const before = process.cpuUsage();
let found = 0;
const query = { pending: [], retry: true, plan, tally, pageSize: PAGE };
for await (const candidate of findCandidates({ source, dataset, manifest }, query)) if (candidate) found += 1;
const { user, system } = process.cpuUsage(before);
if (found > 0 || tally.listed !== millions * MILLION)
  throw new Error(`${found} of ${tally.listed} objects were not known`);
const perMillion = (user + system) / 1e6 / millions;
process.stdout.write(`${millions} M known objects, ${segments.length} segments: ${perMillion.toFixed(2)} s of CPU a million
  (making the names is in it), segments read ${segmentReads} times, peak memory of the process ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB
`);

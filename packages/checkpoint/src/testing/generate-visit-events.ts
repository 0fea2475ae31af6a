/** Visit events as a source would write them: the same for the same options, wherever and whenever they are made. */

import { ACTIONS, DEFAULT_STUDY, serializeVisitEvent, type VisitEvent } from '../datasets/visit-events/visit-event.ts';
import { visitEventName } from './visit-event-names.ts';

export interface GeneratedEvent {
  /** Of its object, below the source's prefix; no two of the first 90,000 are the same. */
  readonly name: string;
  readonly event: VisitEvent;
  /** Its JSON, about 300 of them. */
  readonly bytes: Uint8Array;
}

export interface GeneratorOptions {
  readonly count: number;
  readonly seed?: number;
  /** Epoch milliseconds. By default 2024-01-01. */
  readonly start?: number;
  /** Milliseconds between events that are not late, on average. */
  readonly step?: number;
  /** Of all events, from 0 to 1: those that come up to 30 days after the time that they tell. */
  readonly lateShare?: number;
  readonly studies?: readonly string[];
}

const DAY_MS = 86_400_000;
const LATE_MS = 30 * DAY_MS;
const PARTICIPANTS = 90_000;
const CENTERS = 60;
/** Has no divisor in common with the number of participants, so that each comes once in a round. */
const STRIDE = 48_271;
/** Forms are the most. */
const COMMON_DATATYPES = ['form', 'form', 'form', 'dicom', 'apoe'] as const;

/** In the order in which they come. */
export function* generateVisitEvents({
  count,
  seed = 1,
  start = Date.UTC(2024, 0, 1),
  step = 1_000,
  lateShare = 0,
  studies = [DEFAULT_STUDY, DEFAULT_STUDY, 'dvcid', 'leads'],
}: GeneratorOptions): Generator<GeneratedEvent> {
  const random = createRandom(seed);
  const encoder = new TextEncoder();
  let now = start;
  for (let index = 0; index < count; index++) {
    now += random.below(2 * step + 1);
    const time = random.below(1_000_000) < lateShare * 1_000_000 ? now - random.below(LATE_MS) : now;
    const event = makeEvent(random, { index, time, studies });
    yield { name: visitEventName(event), event, bytes: encoder.encode(serializeVisitEvent(event)) };
  }
}

interface Circumstances {
  readonly index: number;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly studies: readonly string[];
}

function makeEvent(random: Random, { index, time, studies }: Circumstances): VisitEvent {
  const study = random.pick(studies);
  const datatype = random.pick(COMMON_DATATYPES);
  const adcid = 1 + random.below(CENTERS);
  return {
    action: random.pick(ACTIONS),
    study,
    pipeline_adcid: adcid,
    project_label: `ingest-${datatype}${study === DEFAULT_STUDY ? '' : `-${study}`}`,
    center_label: `center-${adcid}`,
    gear_name: random.pick(['identifier-lookup', 'form-scheduler']),
    ptid: `${100_000 + ((index * STRIDE) % PARTICIPANTS)}`,
    visit_date: new Date(time - random.below(LATE_MS)).toISOString().slice(0, 10),
    visit_number: random.below(10) === 0 ? null : `${1 + random.below(20)}`.padStart(2, '0'),
    datatype,
    module: datatype === 'form' ? random.pick(['UDS', 'FTLD', 'LBD', 'MDS']) : null,
    packet: random.below(10) < 3 ? null : random.pick(['I', 'F', 'T']),
    timestamp: time * 1_000 + random.below(1_000),
  };
}

interface Random {
  /** A whole number from 0 to less than the limit, which is below 2³². */
  below(limit: number): number;
  pick<T>(values: readonly T[]): T;
}

/** Looked up once: a global is slow to reach within Jest. */
const { floor, imul } = Math;

/** Mulberry32. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => floor((next() / 2 ** 32) * limit);
  return {
    below,
    pick<T>(values: readonly T[]): T {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('there is nothing to pick from');
      return value;
    },
  };
}

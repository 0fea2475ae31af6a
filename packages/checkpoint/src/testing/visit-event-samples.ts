/** Arbitraries of visit events: valid ones, the ways to write them, and what is wrong in each way that there is. */

import fc from 'fast-check';
import { formatTimestamp } from '../datasets/iso-timestamp.ts';
import {
  ACTIONS,
  DATATYPES,
  DEFAULT_STUDY,
  MODULES,
  serializeVisitEvent,
  VISIT_EVENT_FIELDS,
  type VisitEvent,
} from '../datasets/visit-events/visit-event.ts';

type Field = (typeof VISIT_EVENT_FIELDS)[number];
const MICROS_PER_MINUTE = 60_000_000;

type Json = Readonly<Record<string, unknown>>;

/** A submitted form. */
export function aVisitEvent(overrides: Partial<VisitEvent> = {}): VisitEvent {
  return {
    action: 'submit',
    study: 'adrc',
    pipeline_adcid: 42,
    project_label: 'ingest-form',
    center_label: 'center-42',
    gear_name: 'form-scheduler',
    ptid: '110001',
    visit_date: '2024-01-15',
    visit_number: '01',
    datatype: 'form',
    module: 'UDS',
    packet: 'I',
    timestamp: Date.UTC(2024, 0, 15, 10) * 1_000 + 1,
    ...overrides,
  };
}

/** The JSON value that says an event. */
export function toJsonEvent(event: VisitEvent): Json {
  return { ...event, timestamp: formatTimestamp(event.timestamp) };
}

/** As the events are after reading: trimmed, Unicode. None is of a sandbox project. */
export function visitEvents(): fc.Arbitrary<VisitEvent> {
  const text = texts().filter((one) => one !== '');
  const orNull = fc.option(texts(), { nil: null });
  return fc
    .record({
      action: fc.constantFrom(...ACTIONS),
      study: fc.oneof(fc.constantFrom(DEFAULT_STUDY, 'dvcid'), text),
      pipeline_adcid: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constantFrom(1, 2 ** 31 - 1)),
      project_label: text.filter((label) => !label.startsWith('sandbox-')),
      center_label: text,
      gear_name: text,
      ptid: fc.stringMatching(/^[!-~]{1,10}$/),
      visit_date: days(),
      visit_number: orNull,
      datatype: fc.constantFrom(...DATATYPES),
      module: fc.constantFrom(...MODULES),
      packet: orNull,
      timestamp: timestamps(),
    })
    .map((event) => (event.datatype === 'form' ? event : { ...event, module: null }));
}

/** What an event may look like in JSON: number as text, white space around, null left out, any order and offset. */
export function spellings(event: VisitEvent): fc.Arbitrary<string> {
  const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', ' '), maxLength: 2 });
  const spelled = fc.record({
    around: fc.tuple(space, space),
    adcidAsText: fc.boolean(),
    leavesOut: fc.boolean(),
    offsetMinutes: fc.oneof(fc.constant(0), fc.integer({ min: -1_439, max: 1_439 })),
    order: fc.shuffledSubarray([...VISIT_EVENT_FIELDS], { minLength: VISIT_EVENT_FIELDS.length }),
  });
  return spelled.map(({ around: [before, after], adcidAsText, leavesOut, offsetMinutes, order }) => {
    const values: Record<Field, unknown> = {
      ...event,
      pipeline_adcid: adcidAsText ? `${event.pipeline_adcid}` : event.pipeline_adcid,
      timestamp: withOffset(event.timestamp, offsetMinutes),
    };
    const isLeftOut = (field: Field): boolean =>
      leavesOut && (values[field] === null || (field === 'study' && event.study === DEFAULT_STUDY));
    const pad = (value: unknown): unknown => (typeof value === 'string' ? before + value + after : value);
    const fields = order.filter((field) => !isLeftOut(field));
    return JSON.stringify(Object.fromEntries(fields.map((field) => [field, pad(values[field])])));
  });
}

export interface BrokenEvent {
  readonly json: Json;
  /** All fields that are wrong, in the order of the alphabet. */
  readonly fields: readonly string[];
}

/** Valid events in which one field or several were made wrong. */
export function brokenEvents(): fc.Arbitrary<BrokenEvent> {
  const faults = fc
    .subarray([...VISIT_EVENT_FIELDS, 'unknown_field', '__proto__'], { minLength: 1 })
    .chain((fields) => fc.tuple(...fields.map((field) => wrongValues(field).map((value) => [field, value] as const))));
  return fc.tuple(visitEvents(), faults).map(([event, wrong]) => ({
    json: withFields(toJsonEvent(event), wrong),
    fields: wrong.map(([field]) => field).sort(),
  }));
}

/** Bytes that hold no event at all. */
export function brokenObjects(): fc.Arbitrary<Uint8Array> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const whole = serializeVisitEvent(aVisitEvent());
  return fc.oneof(
    fc.constantFrom('', ' \n', '[]', 'null', '1', '"text"', '{', whole.slice(0, -1), `[${whole}]`).map(bytes),
    fc.constantFrom(Uint8Array.of(0xff), Uint8Array.of(0x1f, 0x8b, 8), Uint8Array.of(0x7b, 0xc3, 0x28, 0x7d)),
    fc.uint8Array({ maxLength: 40 }).map((tail) => Uint8Array.of(0x1f, 0x8b, 0xff, ...tail)),
  );
}

/** Undefined stands for a field that is missing. */
function wrongValues(field: string): fc.Arbitrary<unknown> {
  const noText = fc.constantFrom<unknown>(0, 1.5, true, [], {}, '\ud800');
  const noTextAtAll = fc.oneof(noText, fc.constantFrom(undefined, null, '', '  '));
  switch (field as Field) {
    case 'action':
      return fc.oneof(noTextAtAll, fc.constantFrom('SUBMIT', 'pass', 'passqc'));
    case 'study':
      return fc.oneof(noText, fc.constantFrom(null, '', '\t'));
    case 'pipeline_adcid':
      return fc.constantFrom(undefined, null, 0, -1, 1.5, 2 ** 31, '0', '-1', '1.0', '', ' ', '1e3', '0x1', true, [1]);
    case 'project_label':
    case 'center_label':
    case 'gear_name':
      return noTextAtAll;
    case 'ptid':
      return fc.oneof(noTextAtAll, fc.constantFrom('12345678901', 'a b', 'é', 'a\u007f'));
    case 'visit_date':
      return fc.oneof(noTextAtAll, fc.constantFrom('2023-02-29', '2024-13-01', '2024-1-1', '20240101', '2024-01-01T'));
    case 'datatype':
      return fc.oneof(noTextAtAll, fc.constantFrom('Form', 'forms'));
    case 'module':
    case 'visit_number':
    case 'packet':
      return noText;
    case 'timestamp':
      return fc.oneof(
        noTextAtAll,
        fc.constantFrom('2024-01-01', '2024-01-01T00:00:00.0000001Z', '2024-02-30T00:00:00Z'),
      );
    default:
      return fc.constantFrom<unknown>(null, 'text', 1);
  }
}

/** Also such names as `__proto__`, which JSON can have. */
function withFields(json: Json, fields: readonly (readonly [string, unknown])[]): Json {
  const entries = new Map([...Object.entries(json), ...fields]);
  return Object.fromEntries([...entries].filter(([, value]) => value !== undefined));
}

function texts(): fc.Arbitrary<string> {
  return fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })).map((text) => text.trim());
}

function days(): fc.Arbitrary<string> {
  return fc
    .date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
}

/** All that a column can say. */
function timestamps(): fc.Arbitrary<number> {
  const most = Number.MAX_SAFE_INTEGER;
  return fc.oneof(
    fc.integer({ min: Date.UTC(2020, 0, 1) * 1_000, max: Date.UTC(2030, 0, 1) * 1_000 }),
    fc.integer({ min: -most, max: most }),
    fc.constantFrom(0, -1, 1, 999_999, -999_999, most, -most),
  );
}

/** In UTC when the local time would be none that can be written. */
function withOffset(micros: number, minutes: number): string {
  const localMicros = micros + minutes * MICROS_PER_MINUTE;
  if (!Number.isSafeInteger(localMicros)) return formatTimestamp(micros);
  const local = formatTimestamp(localMicros).slice(0, -1);
  const digits = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => `${part}`.padStart(2, '0'));
  return `${local}${minutes < 0 ? '-' : '+'}${digits.join(':')}`;
}

import { describe, expect, test } from '@jest/globals';
import { aVisitEvent, brokenEvents, spellings, toJsonEvent, visitEvents } from '@millrace/checkpoint/testing';
import fc from 'fast-check';
import {
  MODULES,
  readVisitEvent,
  serializeVisitEvent,
  type VisitEvent,
  type VisitEventReading,
} from '../src/datasets/visit-events/visit-event.ts';

const RUNS = { numRuns: 300 };
const json = toJsonEvent(aVisitEvent());

function read(value: unknown): VisitEventReading {
  return readVisitEvent(value, new Set(MODULES));
}

/** The fields that have problems, in their order; of an event that must have some. */
function wrongFields(value: unknown): readonly (string | undefined)[] {
  const reading = read(value);
  return reading.kind === 'event' ? [] : reading.problems.map(({ field }) => field);
}

function event(value: unknown): VisitEvent {
  const reading = read(value);
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems));
  return reading.event;
}

describe('a visit event', () => {
  test('is the same when it is written and read again', () => {
    fc.assert(
      fc.property(visitEvents(), (one) => {
        expect(event(JSON.parse(serializeVisitEvent(one)))).toEqual(one);
      }),
      RUNS,
    );
  });

  test('is the same in every way to write it', () => {
    const spelled = visitEvents().chain((one) => fc.tuple(fc.constant(one), spellings(one)));
    fc.assert(
      fc.property(spelled, ([one, text]) => {
        expect(event(JSON.parse(text))).toEqual(one);
      }),
      RUNS,
    );
  });

  test('is written with its timestamp in UTC and six digits, and nothing but its fields', () => {
    const text = serializeVisitEvent({ ...aVisitEvent(), more: 1 } as VisitEvent);
    expect(JSON.parse(text)).toEqual({ ...json, timestamp: '2024-01-15T10:00:00.000001Z' });
  });

  test('tells every field that is wrong, and no other, whatever else is', () => {
    fc.assert(
      fc.property(brokenEvents(), ({ json: broken, fields }) => {
        expect([...wrongFields(broken)].sort()).toEqual(fields);
      }),
      RUNS,
    );
  });

  test('tells all its problems at once, each with its reason', () => {
    expect(read({ ...json, action: 'SUBMIT', pipeline_adcid: 0, ptid: 'a b', center_label: ' ', extra: 1 })).toEqual({
      kind: 'invalid',
      problems: [
        { field: 'action', message: 'must be one of submit, pass-qc, not-pass-qc, delete' },
        { field: 'pipeline_adcid', message: 'must be a whole number from 1 to 2147483647' },
        { field: 'center_label', message: 'must not be empty' },
        { field: 'ptid', message: 'must be 1 to 10 printable characters of ASCII without spaces' },
        { field: 'extra', message: 'is not a field of a visit event' },
      ],
    });
  });

  test('that is empty misses each field that has no default', () => {
    const reading = read({});
    const missing = ['action', 'pipeline_adcid', 'project_label', 'center_label', 'gear_name', 'ptid', 'visit_date'];
    expect(reading).toEqual({
      kind: 'invalid',
      problems: [...missing, 'datatype', 'timestamp'].map((field) => ({ field, message: 'is missing' })),
    });
  });

  test('never tells in a problem what a field held', () => {
    const secret = 'Zq7';
    const wrong = Object.fromEntries(Object.keys(json).map((field) => [field, `${secret} ${secret}\ud800`]));
    expect(wrongFields(wrong)).toHaveLength(13);
    expect(JSON.stringify(read(wrong))).not.toContain(secret);
  });

  test.each([null, 1, 'text', true, []])('is a JSON object, not %j', (value) => {
    const problems = [{ field: undefined, message: 'must be a JSON object' }];
    expect(read(value)).toEqual({ kind: 'invalid', problems });
  });

  test('refuses the fields that every object inherits', () => {
    const text = `${JSON.stringify(json).slice(0, -1)},"__proto__":{},"constructor":1,"toString":null}`;
    expect(wrongFields(JSON.parse(text))).toEqual(['__proto__', 'constructor', 'toString']);
  });
});

describe('the center of a visit event', () => {
  test.each([1, '1', ' 7 ', '007', 2_147_483_647, '2147483647', 5.0])('may be %j', (value) => {
    expect(event({ ...json, pipeline_adcid: value }).pipeline_adcid).toBe(Number(value));
  });

  test('is the number that a text says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.nat(3), (adcid, zeros) => {
        const text = `${'0'.repeat(zeros)}${adcid}`;
        expect(event({ ...json, pipeline_adcid: text }).pipeline_adcid).toBe(adcid);
      }),
      RUNS,
    );
  });

  test('is never a number that is not whole, positive and of 32 bits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.maxSafeInteger()), fc.boolean(), (number, asText) => {
        const isRight = Number.isInteger(number) && number >= 1 && number <= 2 ** 31 - 1;
        const wrong = wrongFields({ ...json, pipeline_adcid: asText ? `${number}` : number });
        expect(wrong).toEqual(isRight ? [] : ['pipeline_adcid']);
      }),
      RUNS,
    );
  });
});

describe('null in a visit event', () => {
  const nullable = { visit_number: null, packet: null } as const;

  test('stays null, and is what a missing field gives; the empty text is another value', () => {
    const { visit_number: _, packet: __, ...without } = json;
    expect(event({ ...json, ...nullable })).toMatchObject(nullable);
    expect(event(without)).toMatchObject(nullable);
    expect(event({ ...json, visit_number: '', packet: ' ' })).toMatchObject({ visit_number: '', packet: '' });
  });

  test('is refused wherever a field cannot be null', () => {
    const fields = Object.keys(json).filter((field) => !(field in nullable));
    const withNull = fields.map((field) => wrongFields({ ...json, [field]: null }));
    expect(withNull).toEqual(fields.map((field) => [field]));
  });

  test('is null after any round of writing and reading exactly where it was', () => {
    fc.assert(
      fc.property(visitEvents(), (one) => {
        const nulls = (of: VisitEvent) => Object.entries(of).filter(([, value]) => value === null);
        expect(nulls(event(JSON.parse(serializeVisitEvent(one))))).toEqual(nulls(one));
      }),
      RUNS,
    );
  });
});

describe('the module of a visit event', () => {
  test('is one of the list for a form, and null for every other datatype', () => {
    expect(MODULES.map((module) => event({ ...json, module }).module)).toEqual(MODULES);
    expect(wrongFields({ ...json, module: 'uds' })).toEqual(['module']);
    expect(wrongFields({ ...json, module: undefined })).toEqual(['module']);
    expect(wrongFields({ ...json, datatype: 'dicom' })).toEqual(['module']);
    expect(event({ ...json, datatype: 'dicom', module: null }).module).toBeNull();
  });

  test('follows the list that is configured', () => {
    const reading = readVisitEvent({ ...json, module: 'NEW' }, new Set(['NEW']));
    expect(reading).toMatchObject({ event: { module: 'NEW' } });
    const message = 'must be one of NEW for the datatype form';
    expect(readVisitEvent(json, new Set(['NEW']))).toMatchObject({ problems: [{ field: 'module', message }] });
  });

  test('is not blamed for a datatype that is wrong', () => {
    expect(wrongFields({ ...json, datatype: 'forms', module: null })).toEqual(['datatype']);
  });
});

describe('the study of a visit event', () => {
  test('is adrc when there is none', () => {
    expect(event({ ...json, study: undefined }).study).toBe('adrc');
    expect(event({ ...json, study: ' dvcid ' }).study).toBe('dvcid');
  });
});

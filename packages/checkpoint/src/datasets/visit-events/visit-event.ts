/** What happened to a visit, as the source says it in JSON. */

import { readDay } from '../calendar.ts';
import { FieldChecks, type FieldProblem, isJsonObject } from '../field-checks.ts';
import { formatTimestamp } from '../iso-timestamp.ts';

export const ACTIONS = ['submit', 'pass-qc', 'not-pass-qc', 'delete'] as const;
export type Action = (typeof ACTIONS)[number];

export const DATATYPES = [
  'apoe',
  'biomarker',
  'dicom',
  'enrollment',
  'form',
  'genetic-availability',
  'gwas',
  'imputation',
  'scan-analysis',
] as const;
type Datatype = (typeof DATATYPES)[number];

/** Of forms, where nothing else is configured. */
export const MODULES: readonly string[] = ['UDS', 'FTLD', 'LBD', 'MDS'];

export const DEFAULT_STUDY = 'adrc';

/** Texts are trimmed. The names are those of the JSON, and of the columns. */
export interface VisitEvent {
  readonly action: Action;
  readonly study: string;
  /** 1 to 2³¹ − 1. */
  readonly pipeline_adcid: number;
  readonly project_label: string;
  readonly center_label: string;
  readonly gear_name: string;
  /** One to ten printable characters of ASCII. */
  readonly ptid: string;
  /** A real day, `YYYY-MM-DD`. */
  readonly visit_date: string;
  readonly visit_number: string | null;
  readonly datatype: Datatype;
  /** Of a form; null of every other datatype. */
  readonly module: string | null;
  readonly packet: string | null;
  /** Microseconds since 1970, UTC. */
  readonly timestamp: number;
}

/** In the order of the columns. */
export const VISIT_EVENT_FIELDS = [
  'action',
  'study',
  'pipeline_adcid',
  'project_label',
  'center_label',
  'gear_name',
  'ptid',
  'visit_date',
  'visit_number',
  'datatype',
  'module',
  'packet',
  'timestamp',
] as const satisfies readonly (keyof VisitEvent)[];

export type VisitEventReading =
  | { readonly kind: 'event'; readonly event: VisitEvent }
  /** Every problem there is. */
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

const ACTION_SET: ReadonlySet<Action> = new Set(ACTIONS);
const DATATYPE_SET: ReadonlySet<Datatype> = new Set(DATATYPES);
const FIELD_SET: ReadonlySet<string> = new Set(VISIT_EVENT_FIELDS);
const DATE_LENGTH = 'YYYY-MM-DD'.length;
const MAX_PTID_LENGTH = 10;

/**
 * @param json what `JSON.parse` gave
 * @param modules that a form may have
 */
export function readVisitEvent(json: unknown, modules: ReadonlySet<string>): VisitEventReading {
  if (!isJsonObject(json)) {
    return { kind: 'invalid', problems: [{ field: undefined, message: 'must be a JSON object' }] };
  }
  const checks = new FieldChecks();
  const action = checks.oneOf('action', json['action'], ACTION_SET);
  const study = json['study'] === undefined ? DEFAULT_STUDY : checks.text('study', json['study']);
  const adcid = readAdcid(json['pipeline_adcid'], checks);
  const project = checks.text('project_label', json['project_label']);
  const center = checks.text('center_label', json['center_label']);
  const gear = checks.text('gear_name', json['gear_name']);
  const ptid = readPtid(json['ptid'], checks);
  const visitDate = readVisitDate(json['visit_date'], checks);
  const visitNumber = checks.textOrNull('visit_number', json['visit_number']);
  const datatype = checks.oneOf('datatype', json['datatype'], DATATYPE_SET);
  const module = readModule(json['module'], datatype, modules, checks);
  const packet = checks.textOrNull('packet', json['packet']);
  const timestamp = checks.timestamp('timestamp', json['timestamp']);
  for (const field in json) if (!FIELD_SET.has(field)) checks.fault(field, 'is not a field of a visit event');

  if (checks.problems.length > 0 || action === undefined || datatype === undefined) {
    return { kind: 'invalid', problems: checks.problems };
  }
  return {
    kind: 'event',
    event: {
      action,
      study,
      pipeline_adcid: adcid,
      project_label: project,
      center_label: center,
      gear_name: gear,
      ptid,
      visit_date: visitDate,
      visit_number: visitNumber,
      datatype,
      module,
      packet,
      timestamp,
    },
  };
}

/** JSON that reads as the same event, its timestamp in UTC with six digits. */
export function serializeVisitEvent(event: VisitEvent): string {
  const json: Partial<Record<keyof VisitEvent, unknown>> = {};
  for (const field of VISIT_EVENT_FIELDS) json[field] = event[field];
  json.timestamp = formatTimestamp(event.timestamp);
  return JSON.stringify(json);
}

/** Some sources write the number as text. */
function readAdcid(value: unknown, checks: FieldChecks): number {
  const isNumeric = typeof value === 'string' && /^\s*[0-9]+\s*$/.test(value);
  return checks.int32('pipeline_adcid', isNumeric ? Number(value) : value, 1);
}

function readPtid(value: unknown, checks: FieldChecks): string {
  const before = checks.problems.length;
  const ptid = checks.text('ptid', value);
  if (checks.problems.length === before && !isPtid(ptid)) {
    checks.fault('ptid', `must be 1 to ${MAX_PTID_LENGTH} printable characters of ASCII without spaces`);
  }
  return ptid;
}

/** `^[!-~]{1,10}$` */
function isPtid(text: string): boolean {
  if (text.length > MAX_PTID_LENGTH) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

function readVisitDate(value: unknown, checks: FieldChecks): string {
  const before = checks.problems.length;
  const date = checks.text('visit_date', value);
  const isDate = date.length === DATE_LENGTH && !Number.isNaN(readDay(date));
  if (checks.problems.length === before && !isDate) checks.fault('visit_date', 'must be a real day, YYYY-MM-DD');
  return date;
}

/** @param datatype undefined when it is itself wrong: then only the type of the module can be */
function readModule(
  value: unknown,
  datatype: Datatype | undefined,
  modules: ReadonlySet<string>,
  checks: FieldChecks,
): string | null {
  const before = checks.problems.length;
  const module = checks.textOrNull('module', value);
  if (datatype === undefined || checks.problems.length > before) return module;
  if (datatype !== 'form') {
    if (module !== null) checks.fault('module', `must be null for the datatype ${datatype}`);
  } else if (module === null || !modules.has(module)) {
    checks.fault('module', `must be one of ${[...modules].join(', ')} for the datatype form`);
  }
  return module;
}

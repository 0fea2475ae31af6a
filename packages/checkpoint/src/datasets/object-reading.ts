/** From the bytes of an object to rows, the same for all datasets of JSON. */

import { countIn } from '../count-in.ts';
import type { DatasetRow, EventProblem, ObjectReading } from './dataset.ts';
import type { FieldProblem } from './field-checks.ts';
import { readJson } from './json-lines.ts';
import { MAX_OBJECT_BYTES, unpackObject } from './object-bytes.ts';

/** What came of one event. */
export type RowReading =
  | { readonly kind: 'row'; readonly row: DatasetRow }
  | { readonly kind: 'filtered'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

export interface ObjectReadingOptions {
  /** Of an object, unpacked; `MAX_OBJECT_BYTES` by default. */
  readonly maxObjectBytes?: number;
}

/** More of them are counted and not told: an object of broken lines only must not take the memory of the run. */
export const MAX_PROBLEMS = 10_000;

/** @param readEvent makes a row of what `JSON.parse` gave */
export function createObjectReader(
  readEvent: (json: unknown) => RowReading,
  { maxObjectBytes = MAX_OBJECT_BYTES }: ObjectReadingOptions,
): (bytes: Uint8Array) => ObjectReading {
  return (bytes) => {
    const unpacked = unpackObject(bytes, maxObjectBytes);
    return typeof unpacked === 'string' ? refused(unpacked) : readEvents(unpacked, readEvent);
  };
}

function readEvents(bytes: Uint8Array, readEvent: (json: unknown) => RowReading): ObjectReading {
  const rows: DatasetRow[] = [];
  const filtered = new Map<string, number>();
  const problems: EventProblem[] = [];
  let untold = 0;
  const note = (line: number | undefined, { field, message }: FieldProblem): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ line, field, message });
    else untold += 1;
  };

  for (const json of readJson(bytes)) {
    if (json.kind === 'fault') {
      note(json.line, { field: undefined, message: json.message });
      continue;
    }
    const reading = readEvent(json.value);
    if (reading.kind === 'row') rows.push(reading.row);
    else if (reading.kind === 'filtered') countIn(filtered, reading.reason);
    else for (const problem of reading.problems) note(json.line, problem);
  }
  if (untold > 0) problems.push({ line: undefined, field: undefined, message: `has ${untold} more problems` });
  return { rows, filtered, problems };
}

function refused(message: string): ObjectReading {
  return { rows: [], filtered: new Map(), problems: [{ line: undefined, field: undefined, message }] };
}

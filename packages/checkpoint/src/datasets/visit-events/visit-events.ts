/** The dataset of what happened to visits. */

import type { TableSchema } from '@millrace/parquet';
import type { Dataset } from '../dataset.ts';
import { createObjectReader, type ObjectReadingOptions, type RowReading } from '../object-reading.ts';
import { logNameRanges, readLogName } from './file-name.ts';
import { MODULES, readVisitEvent, VISIT_EVENT_FIELDS, type VisitEvent } from './visit-event.ts';

export interface VisitEventsOptions extends ObjectReadingOptions {
  /** That a form may have. */
  readonly modules?: readonly string[];
  /**
   * Also takes objects in folders below the source's prefix. They do not sort by time together with the others, so that
   * every run then lists everything there is.
   */
  readonly inFolders?: boolean;
}

type Field = (typeof VISIT_EVENT_FIELDS)[number];

const NULLABLE: ReadonlySet<Field> = new Set<Field>(['visit_number', 'module', 'packet']);

const SCHEMA: TableSchema = {
  columns: VISIT_EVENT_FIELDS.map((name) => ({ name, type: columnType(name), nullable: NULLABLE.has(name) })),
  orderBy: 'timestamp',
};

const SANDBOX = 'sandbox-';

/** Events of sandbox projects are left out; only when they are valid, so that no fault goes unseen. */
export function createVisitEvents(options: VisitEventsOptions = {}): Dataset {
  const modules = new Set(options.modules ?? MODULES);
  const { inFolders = false } = options;
  return {
    name: 'visit-events',
    schema: SCHEMA,
    template: 'visit-events/{study}/{datatype}/events.parquet',
    templateFields: ['study', 'datatype'],

    readKey(name) {
      const reading = readLogName(name);
      if (reading.kind === 'ignored') return reading;
      if (reading.isInFolder && !inFolders) return { kind: 'ignored', reason: 'in a folder' };
      return { kind: 'source', time: reading.time };
    },

    readObject: createObjectReader((json) => {
      const reading = readVisitEvent(json, modules);
      return reading.kind === 'event' ? toRow(reading.event) : reading;
    }, options),

    listingRanges: (since) => (inFolders ? undefined : logNameRanges(since)),
  };
}

function toRow(event: VisitEvent): RowReading {
  if (event.project_label.startsWith(SANDBOX)) return { kind: 'filtered', reason: 'sandbox project' };
  return {
    kind: 'row',
    row: {
      values: VISIT_EVENT_FIELDS.map((name) => event[name]),
      timestamp: event.timestamp,
      fields: { study: event.study, datatype: event.datatype },
    },
  };
}

function columnType(name: Field): 'string' | 'int32' | 'timestamp' {
  if (name === 'pipeline_adcid') return 'int32';
  return name === 'timestamp' ? 'timestamp' : 'string';
}

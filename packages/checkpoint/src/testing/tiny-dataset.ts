/** The smallest dataset that has everything a dataset can have, for tests that are about something else. */

import type { Dataset, DatasetRow, EventProblem } from '../datasets/dataset.ts';

/** A line of an object. */
export interface TinyEvent {
  readonly id: string;
  readonly group: string;
  /** Microseconds since 1970. */
  readonly at: number;
}

const NAME = /^(\d{13})-[^/]+\.txt$/;
const LINE = /^([^|]+)\|([^|]+)\|(\d+)$/;

/** `<epoch ms>-<anything>.txt`, sorted by time. */
export function tinyName(time: number, rest: string): string {
  return `${time}`.padStart(13, '0').concat(`-${rest}.txt`);
}

/** @param lines events; or text that is none, to stand for a broken line */
export function tinyObject(lines: readonly (TinyEvent | string)[]): Uint8Array {
  const texts = lines.map((line) => (typeof line === 'string' ? line : `${line.id}|${line.group}|${line.at}`));
  return new TextEncoder().encode(texts.join('\n'));
}

/**
 * Columns `id`, `group` and `at`, files `{group}/rows.parquet`, objects of lines `id|group|at`. Events of the group
 * `ignored` are left out.
 */
export function createTinyDataset(): Dataset {
  return {
    name: 'visit-events',
    schema: {
      columns: [
        { name: 'id', type: 'string', nullable: false },
        { name: 'group', type: 'string', nullable: false },
        { name: 'at', type: 'timestamp', nullable: false },
      ],
      orderBy: 'at',
    },
    template: 'tiny/{group}/rows.parquet',
    templateFields: ['group'],

    readKey(name) {
      const match = NAME.exec(name);
      return match === null ? { kind: 'ignored', reason: 'not a text' } : { kind: 'source', time: Number(match[1]) };
    },

    readObject(bytes) {
      const rows: DatasetRow[] = [];
      const problems: EventProblem[] = [];
      let ignored = 0;
      for (const [index, line] of new TextDecoder().decode(bytes).split('\n').entries()) {
        const [, id, group, digits] = LINE.exec(line) ?? [];
        if (id === undefined || group === undefined) {
          problems.push({ line: index + 1, field: undefined, message: 'is not a line' });
        } else if (group === 'ignored') ignored += 1;
        else rows.push({ values: [id, group, Number(digits)], timestamp: Number(digits), fields: { group } });
      }
      return { rows, filtered: new Map(ignored === 0 ? [] : [['ignored group', ignored]]), problems };
    },

    listingRanges: (since) => [{ prefix: '', startAfter: `${Math.max(0, Math.floor(since))}`.padStart(13, '0') }],
  };
}

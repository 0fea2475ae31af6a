/** A small dataset for tests of the engine: objects of lines, `{"group":"a","at":17,"id":"x"}`. */

import type { TableSchema } from '@millrace/parquet';
import type { Dataset, DatasetRow, EventProblem } from '../../src/datasets/dataset.ts';

export interface Line {
  readonly group: string;
  /** Microseconds. */
  readonly at: number;
  readonly id: string;
}

const LINES_SCHEMA: TableSchema = {
  columns: [
    { name: 'group', type: 'string', nullable: false },
    { name: 'id', type: 'string', nullable: true },
    { name: 'at', type: 'timestamp', nullable: false },
  ],
  orderBy: 'at',
};

export const linesDataset: Dataset = {
  name: 'visit-events',
  schema: LINES_SCHEMA,
  template: 'lines/{group}/lines.parquet',
  templateFields: ['group'],
  readKey(name) {
    const time = /^(\d+)-[^/]*\.json$/.exec(name)?.[1];
    return time === undefined ? { kind: 'ignored', reason: 'not lines' } : { kind: 'source', time: Number(time) };
  },
  readObject(bytes) {
    const rows: DatasetRow[] = [];
    const problems: EventProblem[] = [];
    for (const [index, text] of Buffer.from(bytes).toString().split('\n').entries()) {
      if (text === '') continue;
      try {
        const { group, at, id }: Line = JSON.parse(text);
        rows.push({ values: [group, id, at], timestamp: at, fields: { group } });
      } catch {
        problems.push({ line: index + 1, field: undefined, message: 'is not JSON' });
      }
    }
    return { rows, filtered: new Map(), problems };
  },
  listingRanges: (since) => [{ prefix: '', startAfter: String(since).padStart(13, '0') }],
};

export function linesObject(lines: readonly Line[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

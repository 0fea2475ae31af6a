/** A checkpoint to compare on where none is given: random rows, always the same, in files written by DuckDB. */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { DATASET_TABLES, type DatasetTable } from '../../src/datasets/columns.ts';
import { literal } from '../../src/engine/sql-text.ts';
import { deliveries } from '../support/deliveries.ts';
import { appendRows, openMemoryTables, type PlainRow } from '../support/memory-tables.ts';
import { visitEvents } from '../support/visit-events.ts';

const SEED = 20_261_122;
const ROWS = 2_000;
/** What milliseconds round up, down, and to the next day. */
const SHIFTS_US = [0, 370_502, 499, 86_399_999_700];

export async function writeSample(folder: string): Promise<void> {
  const tables = await openMemoryTables();
  try {
    const { 'visit-events': events, deliveries: attempts } = DATASET_TABLES;
    await appendRows(tables.connection, events, shifted(fc.sample(visitEvents, options), 'timestamp'));
    await appendRows(tables.connection, attempts, shifted(fc.sample(deliveries, options), 'started_at'));
    const write = async (table: DatasetTable, condition: string, name: string) => {
      const file = path.join(folder, table.dataset, name);
      await mkdir(path.dirname(file), { recursive: true });
      const rows = `SELECT * FROM ${table.table} WHERE ${condition}`;
      await tables.connection.run(`COPY (${rows}) TO ${literal(file)} (FORMAT parquet)`);
    };
    for (const datatype of ['form', 'dicom']) {
      await write(events, `study = 'adrc' AND datatype = '${datatype}'`, `adrc/${datatype}/events.parquet`);
      await write(events, `study <> 'adrc' AND datatype = '${datatype}'`, `dvcid/${datatype}/events.parquet`);
    }
    await write(attempts, 'hour(started_at) < 23', 'dt=2026-11-22/deliveries.parquet');
    await write(attempts, 'hour(started_at) = 23', 'dt=2026-11-23/deliveries.parquet');
  } finally {
    tables.close();
  }
}

const options = { seed: SEED, numRuns: 200 };

function shifted(samples: readonly (readonly object[])[], time: string): PlainRow[] {
  const rows = samples.flat().slice(0, ROWS) as PlainRow[];
  return rows.map((row, index) => ({
    ...row,
    [time]: Number(row[time]) + (SHIFTS_US[index % SHIFTS_US.length] ?? 0),
  }));
}

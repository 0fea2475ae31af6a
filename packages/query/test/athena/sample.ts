/**
 * A checkpoint to compare on where none is given: random rows, always the same, in files as the checkpoint leaves them:
 * written once, appended to, with a tail that was merged, compacted.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createDataset, type DatasetName } from '@millrace/checkpoint';
import {
  appendToParquet,
  bytesSource,
  compactParquet,
  createTableBuilder,
  openParquet,
  type ParquetFile,
  type Table,
  type TableSchema,
  writeParquet,
} from '@millrace/parquet';
import fc from 'fast-check';
import { deliveries } from '../support/deliveries.ts';
import type { PlainRow } from '../support/memory-tables.ts';
import { visitEvents } from '../support/visit-events.ts';

const SEED = 20_261_122;
const ROWS = 4_000;
/** What milliseconds round up, down, and to the next day. */
const SHIFTS_US = [0, 370_502, 499, 86_399_999_700];
const HOUR_US = 3_600_000_000;

/** What has happened to a file. */
const HISTORIES = {
  written: { appends: 0, isMerged: false, isCompacted: false },
  appended: { appends: 5, isMerged: false, isCompacted: false },
  merged: { appends: 20, isMerged: true, isCompacted: false },
  compacted: { appends: 5, isMerged: false, isCompacted: true },
} as const;

type History = keyof typeof HISTORIES;

interface SampleFile {
  readonly path: string;
  readonly history: History;
  readonly holds: (row: PlainRow) => boolean;
}

const VISIT_FILES: readonly SampleFile[] = [
  { path: 'adrc/form/events.parquet', history: 'appended', holds: isOf(true, 'form') },
  { path: 'dvcid/form/events.parquet', history: 'compacted', holds: isOf(false, 'form') },
  { path: 'adrc/dicom/events.parquet', history: 'merged', holds: isOf(true, 'dicom') },
  { path: 'dvcid/dicom/events.parquet', history: 'written', holds: isOf(false, 'dicom') },
];

const DELIVERY_FILES: readonly SampleFile[] = [
  { path: 'dt=2026-11-22/deliveries.parquet', history: 'merged', holds: (row) => !isLastHour(row) },
  { path: 'dt=2026-11-23/deliveries.parquet', history: 'appended', holds: isLastHour },
];

/** @throws Error when a file has not become what it is to be */
export async function writeSample(folder: string): Promise<void> {
  const events = shifted(fc.sample(visitEvents, options), 'timestamp');
  const attempts = shifted(fc.sample(deliveries, options), 'started_at');
  for (const file of VISIT_FILES) await writeSampleFile(folder, 'visit-events', file, events);
  for (const file of DELIVERY_FILES) await writeSampleFile(folder, 'deliveries', file, attempts);
}

async function writeSampleFile(
  folder: string,
  dataset: DatasetName,
  { path: name, history, holds }: SampleFile,
  rows: readonly PlainRow[],
): Promise<void> {
  const { schema } = createDataset(dataset);
  const bytes = await withHistory(schema, rows.filter(holds), history);
  const file = path.join(folder, dataset, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

async function withHistory(schema: TableSchema, rows: readonly PlainRow[], history: History): Promise<Uint8Array> {
  const { appends, isMerged, isCompacted } = HISTORIES[history];
  const size = Math.ceil(rows.length / (appends + 1));
  const [first, ...others] = Array.from({ length: appends + 1 }, (_, index) =>
    tableOf(schema, rows.slice(index * size, (index + 1) * size)),
  );
  if (first === undefined || others.some((table) => table.rows === 0)) throw new Error(`too few rows: ${rows.length}`);
  let bytes: Uint8Array = writeParquet(schema, [first]);
  let merged = 0;
  for (const table of others) {
    const { keep, tail, merged: again } = await appendToParquet(await open(schema, bytes), table);
    bytes = Buffer.concat([bytes.subarray(0, keep), tail]);
    merged += again;
  }
  if (merged > 0 !== isMerged) throw new Error(`${merged} rows of a file that is ${history} were merged`);
  if (!isCompacted) return bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of compactParquet(await open(schema, bytes))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function open(schema: TableSchema, bytes: Uint8Array): Promise<ParquetFile> {
  return openParquet(bytesSource(bytes), schema);
}

function tableOf(schema: TableSchema, rows: readonly PlainRow[]): Table {
  const builder = createTableBuilder(schema);
  for (const row of rows) builder.add(schema.columns.map(({ name }) => row[name] ?? null));
  return builder.build();
}

function isOf(isAdrc: boolean, datatype: string): (row: PlainRow) => boolean {
  return (row) => (row['study'] === 'adrc') === isAdrc && row['datatype'] === datatype;
}

function isLastHour(row: PlainRow): boolean {
  return Math.floor(Number(row['started_at']) / HOUR_US) % 24 === 23;
}

const options = { seed: SEED, numRuns: 400 };

function shifted(samples: readonly (readonly object[])[], time: string): PlainRow[] {
  const rows = samples.flat().slice(0, ROWS) as PlainRow[];
  return rows.map((row, index) => ({
    ...row,
    [time]: Number(row[time]) + (SHIFTS_US[index % SHIFTS_US.length] ?? 0),
  }));
}

/**
 * The ids of deleted rows: one object beside the state, NDJSON of `{"id":"…"}`, in order and none twice, so that views can
 * leave the rows out with an anti-join. Ids are added and never taken away: whatever brings a row back finds its id here.
 */

import { type ObjectStore, PreconditionFailedError } from '@millrace/core';
import type { Row } from '@millrace/parquet';
import type { Dataset, ObjectReading } from '../datasets/dataset.ts';
import { CorruptStateError, TooManyTombstonesError } from '../errors.ts';
import { layoutOf } from '../layout.ts';

export type Tombstones = ReadonlySet<string>;

/** Some hundred thousand ids: every run holds them in memory. */
const MAX_TOMBSTONE_BYTES = 32 * 1_024 * 1_024;
const TRIES = 5;
/** The reason under which folding counts what it leaves out. */
const DELETED = 'deleted';

/** @throws CorruptStateError, and what the store throws: that they cannot be read is never "none" */
export async function readTombstones(
  objects: Pick<ObjectStore, 'get'>,
  { name, rowId }: Pick<Dataset, 'name' | 'rowId'>,
): Promise<Tombstones> {
  // Nothing can be deleted of a dataset without ids: no run of it asks.
  if (rowId === undefined) return new Set();
  return (await load(objects, layoutOf(name).tombstones)).ids;
}

/**
 * @returns how many of the ids are new; when none is, nothing is written
 * @throws TooManyTombstonesError, CorruptStateError, and what the store throws: they may have been added
 */
export async function addTombstones(
  objects: Pick<ObjectStore, 'get' | 'put'>,
  { name }: Pick<Dataset, 'name'>,
  ids: ReadonlySet<string>,
  maxBytes = MAX_TOMBSTONE_BYTES,
): Promise<{ readonly all: Tombstones; readonly added: number }> {
  const key = layoutOf(name).tombstones;
  for (let attempt = 1; ; attempt += 1) {
    const { ids: known, etag } = await load(objects, key);
    const all = new Set([...known, ...ids]);
    const added = all.size - known.size;
    if (added === 0) return { all, added };
    const bytes = serialize(all);
    if (bytes.length > maxBytes) throw new TooManyTombstonesError(key, maxBytes);
    const condition = etag === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'unchanged', etag } as const);
    try {
      await objects.put(key, bytes, { condition });
      return { all, added };
    } catch (error) {
      if (!(error instanceof PreconditionFailedError) || attempt === TRIES) throw error;
    }
  }
}

/** The dataset as if deleted rows were not in its objects: they are counted as filtered. */
export function withoutDeleted(dataset: Dataset, tombstones: Tombstones): Dataset {
  if (tombstones.size === 0) return dataset;
  const isDeleted = deletedRows(dataset, tombstones);
  return {
    ...dataset,
    readObject(bytes): ObjectReading {
      const reading = dataset.readObject(bytes);
      const rows = reading.rows.filter(({ values }) => !isDeleted(values));
      const count = reading.rows.length - rows.length;
      if (count === 0) return reading;
      return { ...reading, rows, filtered: new Map([...reading.filtered, [DELETED, count]]) };
    },
  };
}

export function deletedRows({ rowId }: Pick<Dataset, 'rowId'>, tombstones: Tombstones): (row: Row) => boolean {
  return (row) => {
    const id = rowId?.(row) ?? null;
    return id !== null && tombstones.has(id);
  };
}

async function load(
  objects: Pick<ObjectStore, 'get'>,
  key: string,
): Promise<{ readonly ids: Tombstones; readonly etag: string | undefined }> {
  const stored = await objects.get(key);
  if (stored === undefined) return { ids: new Set(), etag: undefined };
  const lines = Buffer.from(stored.bytes).toString().split('\n');
  return { ids: new Set(lines.flatMap((line) => (line === '' ? [] : parseLine(line, key)))), etag: stored.etag };
}

function parseLine(line: string, key: string): string {
  try {
    const { id }: { readonly id?: unknown } = JSON.parse(line);
    if (typeof id === 'string') return id;
  } catch (cause) {
    throw new CorruptStateError(key, 'is not NDJSON', { cause });
  }
  throw new CorruptStateError(key, 'has a line without an id');
}

function serialize(ids: Tombstones): Uint8Array {
  const lines = [...ids].sort().map((id) => `${JSON.stringify({ id })}\n`);
  return new TextEncoder().encode(lines.join(''));
}

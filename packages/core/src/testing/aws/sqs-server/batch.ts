/** Batches: what fails all of a batch, and results entry by entry. */

import { objects, text } from '../json-input.ts';
import { type Json, ServiceError } from '../service.ts';
import { emptyBatch, idsNotDistinct, invalidEntryId, missingParameter, tooManyEntries } from './sqs-errors.ts';

const MAX_ENTRIES = 10;
const ENTRY_ID = /^[\w-]{1,80}$/;

/** An entry of a batch: refused, or what came of it. */
export type EntryResult<T> = { readonly id: string } & ({ readonly result: T } | { readonly error: ServiceError });

/** @throws ServiceError when the batch as a whole is wrong */
export function readEntries(input: Json): readonly (readonly [id: string, entry: Json])[] {
  const entries = objects(input, 'Entries');
  if (entries.length === 0) throw emptyBatch();
  if (entries.length > MAX_ENTRIES) throw tooManyEntries(entries.length);
  const ids = new Set<string>();
  return entries.map((entry) => {
    const id = text(entry, 'Id');
    if (id === undefined) throw missingParameter('Id');
    if (!ENTRY_ID.test(id)) throw invalidEntryId();
    if (ids.has(id)) throw idsNotDistinct(id);
    ids.add(id);
    return [id, entry] as const;
  });
}

/** One entry; that SQS would refuse it does not keep the others of its batch from theirs. */
export function tryEntry<T>(id: string, run: () => T): EntryResult<T> {
  try {
    return { id, result: run() };
  } catch (error) {
    if (error instanceof ServiceError) return { id, error };
    throw error;
  }
}

/** The answer to a batch. SQS leaves out a list that is empty. */
export function toBatchAnswer(results: readonly EntryResult<Json>[]): Json {
  const successful = results.flatMap((entry) => ('result' in entry ? [{ Id: entry.id, ...entry.result }] : []));
  const failed = results.flatMap((entry) => ('error' in entry ? [toFailure(entry.id, entry.error)] : []));
  return {
    ...(successful.length === 0 ? {} : { Successful: successful }),
    ...(failed.length === 0 ? {} : { Failed: failed }),
  };
}

function toFailure(id: string, error: ServiceError): Json {
  const code = error.queryCode ?? error.type;
  return { Id: id, SenderFault: error.status < 500, Code: code, Message: error.message };
}

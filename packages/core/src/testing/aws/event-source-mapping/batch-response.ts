/** Which messages of a batch failed, by the answer of the function. */

import { isJson } from '../json-input.ts';

/** `problem`: why the whole batch failed. */
export type BatchOutcome =
  | { readonly failedIds: ReadonlySet<string>; readonly problem?: undefined }
  | { readonly problem: Error };

/**
 * Reads the answer as Lambda does with `ReportBatchItemFailures`: nothing, or no failures, is success; an answer that
 * cannot be understood, or that names a message which was not in the batch, fails all of it.
 *
 * @param messageIds of the batch
 */
export function readBatchResponse(response: unknown, messageIds: ReadonlySet<string>): BatchOutcome {
  const plain = overTheWire(response);
  if (plain instanceof Error) return { problem: plain };
  if (plain === null || plain === '') return { failedIds: new Set() };
  if (!isJson(plain)) return invalid('is no object');
  const failures = plain['batchItemFailures'] ?? [];
  if (!Array.isArray(failures)) return invalid('has batchItemFailures that are no list');
  const failedIds = new Set<string>();
  for (const failure of failures) {
    const id = isJson(failure) ? failure['itemIdentifier'] : undefined;
    if (typeof id !== 'string') return invalid('has a failure without an itemIdentifier');
    if (!messageIds.has(id)) return invalid(`names the message ${id}, which is not in the batch`);
    failedIds.add(id);
  }
  return { failedIds };
}

function invalid(what: string): BatchOutcome {
  return { problem: new Error(`the answer of the function ${what}: the whole batch failed`) };
}

/** As the runtime sends it: JSON, where undefined is null. */
function overTheWire(response: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(response) ?? 'null');
  } catch (error) {
    return new Error('the answer of the function is not JSON: the whole batch failed', { cause: error });
  }
}

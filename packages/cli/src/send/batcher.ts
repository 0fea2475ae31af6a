/** Gathers lines into requests. */

import { LIMITS } from '@millrace/core';

/** Bytes of the lines of one request with their line breaks: below what a server takes, with room to spare. */
const MAX_BATCH_BYTES = 5_000_000;

export interface BatchLine {
  /** Of the input, from 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly messageId: string;
  /** Bytes that the line took in the input. */
  readonly inputBytes: number;
}

export type Batch = readonly BatchLine[];

export interface Batcher {
  /** Returns the batch that this line completes, by filling it or by not fitting into it (which may be an empty one). */
  add(line: BatchLine): Batch | undefined;
  /** What was gathered since; may be empty. */
  flush(): Batch;
}

/**
 * Batches hold at most 100 lines and 5 MB, in the order of the input. A line longer than 5 MB is a batch of its own.
 */
export function createBatcher(): Batcher {
  let lines: BatchLine[] = [];
  let bytes = 0;
  const flush = () => {
    const batch = lines;
    lines = [];
    bytes = 0;
    return batch;
  };
  return {
    add(line) {
      const size = line.bytes.length + 1;
      const complete = bytes + size > MAX_BATCH_BYTES ? flush() : undefined;
      lines.push(line);
      bytes += size;
      // Not both: after a flush there is one line.
      return lines.length === LIMITS.batchSize ? flush() : complete;
    },
    flush,
  };
}

const NEWLINE = new Uint8Array([0x0a]);

/** The body of the request: NDJSON. */
export function encodeBatch(batch: Batch): Uint8Array {
  return Buffer.concat(batch.flatMap((line) => [line.bytes, NEWLINE]));
}

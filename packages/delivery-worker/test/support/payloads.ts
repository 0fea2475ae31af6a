import { hash } from 'node:crypto';
import { type OpenPayload, PayloadMissingError, type PayloadRef, type PayloadStore } from '@millrace/core';

/** A payload store of one payload. */
export interface ScriptedPayloads extends Pick<PayloadStore, 'open'> {
  readonly ref: PayloadRef;
  /** How often it was opened, and how many of these are not closed. */
  readonly counts: { opened: number; held: number };
  /** Resolves when nothing is held any more. */
  released(): Promise<void>;
}

/** What comes of opening the payload: its bytes by default. `closed` rejects when it is closed. */
type Script = (opening: number, closed: Promise<never>) => AsyncIterable<Uint8Array> | Error | undefined;

const CHUNK_BYTES = 64 * 1_024;

export function scriptPayloads(bytes: Uint8Array, script: Script = () => undefined): ScriptedPayloads {
  const counts = { opened: 0, held: 0 };
  const waiting: (() => void)[] = [];
  const sha256 = hash('sha256', bytes, 'hex');
  return {
    ref: { key: `billing/${sha256}`, sha256, size: bytes.length, etag: `"${sha256}"` },
    counts,
    released: () => (counts.held === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    open(): Promise<OpenPayload> {
      counts.opened += 1;
      const { promise: closed, reject } = Promise.withResolvers<never>();
      closed.catch(() => undefined);
      const scripted = script(counts.opened, closed) ?? chunksOf(bytes);
      if (scripted instanceof Error) return Promise.reject(scripted);
      counts.held += 1;
      let isOpen = true;
      return Promise.resolve({
        chunks: scripted,
        close() {
          if (isOpen) counts.held -= 1;
          isOpen = false;
          reject(new Error('closed'));
          if (counts.held === 0) for (const resolve of waiting.splice(0)) resolve();
          return Promise.resolve();
        },
      });
    },
  };
}

export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    await Promise.resolve();
    yield bytes.subarray(start, start + CHUNK_BYTES);
  }
}

export function missing(ref: PayloadRef): PayloadMissingError {
  return new PayloadMissingError(ref, 'is gone');
}

/**
 * Keeps memory flat while large bodies stream through. Their chunks lie outside of V8's heap, where it lets some 64 MB of
 * garbage gather before it looks; a minor collection, of a millisecond, finds nearly all of them dead.
 *
 * Only where Node runs with `--expose-gc`, as `scripts/millrace` does; elsewhere nothing happens.
 */

const COLLECT_EVERY_BYTES = 4 * 1_024 * 1_024;

/** Of all streams of the process, since the last collection. */
let passed = 0;

/** To be told of the bytes of every chunk. */
export function passedThrough(bytes: number): void {
  passed += bytes;
  if (passed < COLLECT_EVERY_BYTES) return;
  passed = 0;
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
}

/**
 * Frees the memory of a chunk that nobody looks at any more. With many streams at once a chunk often outlives two minor
 * collections, and what does is garbage until the next major one.
 */
export function freeChunk({ buffer, byteLength }: Uint8Array): void {
  // The rest of a larger buffer may be in use, as that of Node's pool is.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

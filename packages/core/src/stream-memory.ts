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

/**
 * What every `ObjectWriter` must do, whatever it is built on. It knows an adapter only by the ports and by
 * `ObjectWriterHarness`.
 */

import { describe } from '@jest/globals';
import { describeChunks } from './object-writer-chunks.ts';
import type { OpenObjectWriter } from './object-writer-harness.ts';
import { describeLargeSplices } from './object-writer-large.ts';
import { describeSplices } from './object-writer-splices.ts';

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store: for every test
 * @param lacks what the backend cannot do, by the name that a test asks for
 */
export function describeObjectWriter(name: string, open: OpenObjectWriter, lacks: readonly string[] = []): void {
  describe(`${name} keeps the promises of ObjectWriter`, () => {
    describeSplices(open);
    describeLargeSplices(open, { name, lacks });
    describeChunks(open, { name, lacks });
  });
}

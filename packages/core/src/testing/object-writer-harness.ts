import type { ObjectWriter } from '../ports/object-writer.ts';
import type { ObjectStoreHarness } from './object-store-harness.ts';

/** What the conformance suite needs of an adapter beside the port. */
export interface ObjectWriterHarness extends ObjectStoreHarness {
  /** Of the objects of `store`, in the process that runs now. */
  readonly writer: ObjectWriter;
  /** What writes that are not done keep beside the objects: one text for each. */
  leftovers(): Promise<readonly string[]>;
}

/** What a backend may lack. */
export const RACING_COMPLETIONS = 'one winner among uploads that are completed at once';

/** Opens an empty store. */
export type OpenObjectWriter = () => Promise<ObjectWriterHarness>;

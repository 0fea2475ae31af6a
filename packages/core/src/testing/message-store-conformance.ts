/**
 * What every `MessageStore` must do, whatever it is built on: each promise of the port and each row of the tables in
 * delivery.md is one test. It knows an adapter only by the port and by `MessageStoreHarness`.
 */

import { describe } from '@jest/globals';
import { describeAccept } from './message-store-accept.ts';
import { describeBooks } from './message-store-books.ts';
import { describeClaim } from './message-store-claim.ts';
import type { SequenceOptions } from './message-store-commands.ts';
import type { OpenHarness } from './message-store-harness.ts';
import { describeListing } from './message-store-listing.ts';
import { describePages } from './message-store-pages.ts';
import { describePayloads } from './message-store-payloads.ts';
import { describeReplay } from './message-store-replay.ts';
import { describeSequences } from './message-store-sequences.ts';
import { describeSettle } from './message-store-settle.ts';
import { describeTrace } from './message-store-trace.ts';

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store: for every test, and for every run of a property (some hundred times)
 * @param options of the model-based test: fewer commands for an adapter that is slow
 */
export function describeMessageStore(name: string, open: OpenHarness, options: Partial<SequenceOptions> = {}): void {
  describeMessageStoreExamples(name, open);
  describeMessageStorePages(name, open);
  describeMessageStoreSequences(name, open, options);
}

/** The properties of listing and replaying alone, for an adapter so slow that the suite wants several files. */
export function describeMessageStorePages(name: string, open: OpenHarness): void {
  describe(`${name} keeps the promises of MessageStore`, () => describePages(open));
}

/** The model-based test alone: for more workers, or for a queue that behaves worse. */
export function describeMessageStoreSequences(
  name: string,
  open: OpenHarness,
  options: Partial<SequenceOptions> = {},
): void {
  describe(`${name} keeps the promises of MessageStore`, () => describeSequences(open, options));
}

/**
 * The suite without the properties that need a store for every run: for another way to run an adapter whose rules
 * `describeMessageStore` has checked.
 */
export function describeMessageStoreExamples(name: string, open: OpenHarness): void {
  describe(`${name} keeps the promises of MessageStore`, () => {
    describeAccept(open);
    describeClaim(open);
    describeSettle(open);
    describeReplay(open);
    describeBooks(open);
    describeListing(open);
    describeTrace(open);
    describePayloads(open);
  });
}

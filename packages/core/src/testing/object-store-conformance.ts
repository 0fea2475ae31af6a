/**
 * What every `ObjectStore` must do, whatever it is built on. It knows an adapter only by the port and by
 * `ObjectStoreHarness`.
 */

import { describe } from '@jest/globals';
import { describeConditions } from './object-store-conditions.ts';
import type { OpenObjectStore } from './object-store-harness.ts';
import { describeObjectListing } from './object-store-listing.ts';
import { describeObjects } from './object-store-objects.ts';

/**
 * Declares the suite for one adapter.
 *
 * @param open opens an empty store: for every test, and for every run of some properties (a few hundred times)
 */
export function describeObjectStore(name: string, open: OpenObjectStore): void {
  describe(`${name} keeps the promises of ObjectStore`, () => {
    describeObjects(open);
    describeConditions(open);
    describeObjectListing(open);
  });
}

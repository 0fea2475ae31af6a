import { describe, jest } from '@jest/globals';
import { type ObjectStoreHarness, testNeeding } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { describeConditions } from '../../src/testing/object-store-conditions.ts';
import { describeObjectListing } from '../../src/testing/object-store-listing.ts';
import { describeObjects } from '../../src/testing/object-store-objects.ts';
import { openFastS3Harness, openS3Harness } from '../support/s3-harness.ts';
import { HEX, type Names, NO_SLASHES_ALONE, renamed } from './support/renamed-objects.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

const KEYS_OF_SLASHES = 's3 keys of only slashes';
const ORDER = 's3 order of keys that are encoded in a listing';
const LOCALSTACK = { name: 'LocalStack', lacks: [KEYS_OF_SLASHES, ORDER] };

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

const openWith = (names: Names) => async (): Promise<ObjectStoreHarness> => {
  const harness = await openS3Harness(clients().s3);
  return { ...harness, store: renamed(harness.store, names) };
};

const openFastWith = (names: Names) => async (): Promise<ObjectStoreHarness> => {
  const harness = await openFastS3Harness(clients().s3);
  return {
    ...harness,
    get store() {
      return renamed(harness.store, names);
    },
  };
};

describe('S3 of LocalStack keeps the promises of ObjectStore', () => {
  describeObjects(openWith(NO_SLASHES_ALONE));
  describeConditions(openWith(NO_SLASHES_ALONE));
});

describe('S3 of LocalStack, under names that it sorts as S3 does, keeps the promises of ObjectStore', () => {
  describeObjectListing(openWith(HEX));
});

describe('S3 of LocalStack with the fast reader keeps the promises of ObjectStore', () => {
  describeObjects(openFastWith(NO_SLASHES_ALONE));
  describeConditions(openFastWith(NO_SLASHES_ALONE));
  describeObjectListing(openFastWith(HEX));
});

testNeeding(LOCALSTACK, KEYS_OF_SLASHES, 'keys of only slashes', () => undefined);
testNeeding(
  LOCALSTACK,
  ORDER,
  'list pages of keys of more than 512 bytes, and of those that a listing encodes',
  () => undefined,
);

import { jest } from '@jest/globals';
import { describeObjectWriter } from '@millrace/core/testing';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { RACING_COMPLETIONS } from '../../src/testing/object-writer-large.ts';
import { openS3Harness } from '../support/s3-harness.ts';
import { NO_SLASHES_ALONE, renamed, renamedWriter } from './support/renamed-objects.ts';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(120_000);

const clients = useAwsClients(useLocalStack());

describeObjectWriter('S3 of LocalStack', async () => {
  const harness = await openS3Harness(clients().s3);
  const { store, writer } = harness;
  return { ...harness, store: renamed(store, NO_SLASHES_ALONE), writer: renamedWriter(writer, NO_SLASHES_ALONE) };
}, [RACING_COMPLETIONS]);

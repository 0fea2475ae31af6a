/** What AWS says of what is not there, in its own words: our adapters must know them. */

import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { describe, expect, jest, test } from '@jest/globals';
import {
  AwsResourceError,
  createAwsMessageStore,
  createS3ObjectStore,
  createSsmParameterStore,
} from '@millrace/core/aws';
import { aMessage, uniqueId } from '@millrace/core/testing';
import { createMessageResources } from '@millrace/core/testing/aws';
import { useLocalStack } from '@millrace/core/testing/localstack';
import { useAwsClients } from './support/use-aws-clients.ts';

jest.setTimeout(60_000);

const aws = useAwsClients(useLocalStack({ dynamodb: true }));

describe('a part that was not deployed', () => {
  test('is named by health, each with the action that failed', async () => {
    const clients = aws();
    const resources = await createMessageResources(clients, { prefix: uniqueId('errors') });
    const { strandedQueueUrl } = resources;
    const missingQueue = `${strandedQueueUrl}-missing`;
    const store = createAwsMessageStore(
      { ...resources, tableName: 'no-table', workQueueUrls: [missingQueue] },
      { clients },
    );
    const problems = await store.health();
    expect(problems.map(({ part }) => part)).toEqual(['table', 'queue']);
    expect(problems[0]?.detail).toContain('dynamodb:GetItem on table no-table: ResourceNotFoundException');
    expect(problems[1]?.detail).toContain(`sqs:GetQueueAttributes on queue ${missingQueue}`);
  });

  test('the table: accepting fails with an error that says so', async () => {
    const clients = aws();
    const resources = await createMessageResources(clients, { prefix: uniqueId('errors') });
    const store = createAwsMessageStore({ ...resources, tableName: 'no-table' }, { clients });
    const accepting = store.accept([aMessage()]);
    await expect(accepting).rejects.toThrow(AwsResourceError);
    await expect(accepting).rejects.toThrow(/^dynamodb:PutItem on table no-table: /);
  });

  test('the queue: accepting fails with an error that says so', async () => {
    const clients = aws();
    const resources = await createMessageResources(clients, { prefix: uniqueId('errors') });
    const missing = `${resources.strandedQueueUrl}-missing`;
    const store = createAwsMessageStore({ ...resources, workQueueUrls: [missing] }, { clients });
    const accepting = store.accept([aMessage()]);
    await expect(accepting).rejects.toThrow(AwsResourceError);
    await expect(accepting).rejects.toThrow(`sqs:SendMessage on queue ${missing}`);
  });

  test('the bucket: reading, writing and listing fail with an error that says so', async () => {
    const store = createS3ObjectStore({ client: aws().s3, bucket: 'no-such-bucket' });
    const calls = [
      () => store.get('key'),
      () => store.head('key'),
      () => store.put('key', new Uint8Array()),
      () => store.put('key', new Uint8Array(), { condition: { kind: 'absent' } }),
      () => store.list({ limit: 1 }),
    ];
    for (const call of calls) {
      const failing = call();
      await expect(failing).rejects.toThrow(AwsResourceError);
      await expect(failing).rejects.toThrow(/no-such-bucket/);
    }
  });
});

describe('parameters of SSM', () => {
  test('are read as they are now, encrypted ones too, and one that is not there is undefined', async () => {
    const { ssm } = aws();
    const store = createSsmParameterStore(ssm);
    const Name = `/${uniqueId('test')}/callers`;
    expect(await store.get(Name)).toBeUndefined();
    await ssm.send(new PutParameterCommand({ Name, Value: '{"a":"ü"}', Type: 'SecureString' }));
    expect(await store.get(Name)).toBe('{"a":"ü"}');
    await ssm.send(new PutParameterCommand({ Name, Value: 'later', Type: 'SecureString', Overwrite: true }));
    expect(await store.get(Name)).toBe('later');
  });
});

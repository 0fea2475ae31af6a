import { afterAll, describe, expect, test } from '@jest/globals';
import { AwsAccessError } from '@millrace/core/aws';
import {
  acceptedEntry,
  aMessage,
  anEntry,
  attempted,
  LEASE_MS,
  retry,
  SUCCESS,
  settle,
  settledWith,
  useHarness,
  view,
  won,
} from '@millrace/core/testing';
import { type AwsHarness, closeInstances, openAwsHarness } from './support/aws-harness.ts';

afterAll(closeInstances);

function deadLetters({ aws, resources }: AwsHarness): unknown[] {
  return aws.sqs.messages(resources.deadLetterQueueUrl).map(({ sent }) => sent.attributes['reason']?.StringValue);
}

describe('an entry that its queue has given up', () => {
  const h = useHarness(openAwsHarness);

  test('ends a message that nobody could claim: a dead letter that can be replayed', async () => {
    const entry = await acceptedEntry(h());
    expect(await h().dynamo.settleStranded([entry])).toEqual(['settled']);
    expect(await view(h().store, entry)).toMatchObject({ status: 'FAILED', reason: 'redriven', attempts: 0 });
    expect(deadLetters(h())).toEqual(['redriven']);
    expect(await h().store.replay(entry.identity)).toEqual({ found: 1, replayed: 1 });
  });

  test('is left as long as a worker has the message, whose result then counts', async () => {
    const attempt = await attempted(h());
    expect(await h().dynamo.settleStranded([attempt.entry])).toEqual(['leave']);
    expect(await settle(h().store, attempt, SUCCESS)).toBe('settled');
    expect(await h().dynamo.settleStranded([attempt.entry])).toEqual(['acknowledge']);
    expect(await view(h().store, attempt.entry)).toMatchObject({ status: 'SUCCESS' });
    expect(deadLetters(h())).toEqual([]);
  });

  test('ends the message of a worker that died', async () => {
    const { entry } = await attempted(h());
    h().clock.advance(LEASE_MS);
    expect(await h().dynamo.settleStranded([entry])).toEqual(['settled']);
    expect(await view(h().store, entry)).toMatchObject({ status: 'FAILED', reason: 'redriven', attempts: 1 });
  });

  test('ends a message whose workers died past its plan with no more attempts than that', async () => {
    const { entry } = await attempted(h(), { maxAttempts: 1 });
    h().clock.advance(LEASE_MS);
    await won(h().store, entry);
    h().clock.advance(LEASE_MS);
    expect(await h().dynamo.settleStranded([entry])).toEqual(['settled']);
    expect(await view(h().store, entry)).toMatchObject({ status: 'FAILED', attempts: 1, totalAttempts: 1 });
  });

  test('is forgotten when another entry stands for the message', async () => {
    const { entry } = await settledWith(h(), retry(h().clock.now() + 1_000));
    expect(await h().dynamo.settleStranded([entry])).toEqual(['acknowledge']);
    expect(await view(h().store, entry)).toMatchObject({ status: 'RETRYING' });
  });

  test('without a message is kept as an orphan', async () => {
    const orphan = anEntry();
    expect(await h().dynamo.settleStranded([orphan])).toEqual(['settled']);
    expect(await view(h().store, orphan)).toMatchObject({ status: 'FAILED', reason: 'orphan' });
    expect(deadLetters(h())).toEqual(['orphan']);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'and a worker that comes back late: whoever is first decides, and the other changes nothing (call %i waits)',
    async (number) => {
      const attempt = await attempted(h());
      h().clock.advance(LEASE_MS);
      const gate = Promise.withResolvers<void>();
      h().aws.fault({ service: 'dynamodb', number, fault: { kind: 'wait', until: gate.promise } });
      const stranded = h().dynamo.settleStranded([attempt.entry]);
      const success = settle(h().store, attempt, SUCCESS);
      await Promise.race([stranded, success]);
      gate.resolve();
      const outcome = `${(await stranded)[0]} ${await success}`;
      const { status } = await view(h().store, attempt.entry);
      const expected = status === 'SUCCESS' ? 'acknowledge settled' : 'settled acknowledge';
      expect([outcome, ['SUCCESS', 'FAILED'].includes(status)]).toEqual([expected, true]);
    },
  );
});

describe('a permission that is missing', () => {
  const h = useHarness(openAwsHarness);

  test.each([
    ['dynamodb', 'PutItem', 'dynamodb:PutItem on table test-messages'],
    ['sqs', 'SendMessageBatch', 'sqs:SendMessage on queue http'],
  ] as const)('%s %s is an error that names action and resource', async (service, action, text) => {
    h().aws.fault({ service, action, fault: { kind: 'error', code: 'AccessDeniedException' } });
    const accepting = h().dynamo.accept([aMessage()]);
    await expect(accepting).rejects.toThrow(AwsAccessError);
    await expect(accepting).rejects.toThrow(text);
  });

  test('or credentials that are over show in the health of the store, by part', async () => {
    expect(await h().dynamo.health()).toEqual([]);
    h().aws.fault({ service: 'dynamodb', fault: { kind: 'error', code: 'ExpiredTokenException' } });
    h().aws.fault({ service: 'sqs', number: 2, fault: { kind: 'error', code: 'AccessDeniedException' } });
    expect(await h().dynamo.health()).toEqual([
      {
        part: 'table',
        detail: expect.stringContaining('dynamodb:GetItem on table test-messages: ExpiredTokenException'),
      },
      { part: 'queue', detail: expect.stringContaining('sqs:GetQueueAttributes on queue') },
    ]);
  });

  test('for a claim is no answer, and the claim can be made when it is there', async () => {
    const entry = await acceptedEntry(h());
    const claims = [{ entry, token: 'token', leaseMs: LEASE_MS }];
    const fault = h().aws.fault({ service: 'dynamodb', fault: { kind: 'error', code: 'AccessDeniedException' } });
    await expect(h().dynamo.claim(claims)).rejects.toThrow('dynamodb:UpdateItem on table test-messages');
    fault.remove();
    expect(await h().dynamo.claim(claims)).toMatchObject([{ kind: 'won', attempt: 1 }]);
  });
});

describe('a batch to the queues', () => {
  const h = useHarness(openAwsHarness);

  test('that SQS takes in part is sent again in part', async () => {
    h().aws.fault({ service: 'sqs', number: 1, fault: { kind: 'fail-entries', entries: [1, 3] } });
    const messages = Array.from({ length: 12 }, () => aMessage());
    expect(await h().dynamo.accept(messages)).toEqual(messages.map(() => ({ kind: 'accepted' })));
    expect(await h().receive(20)).toHaveLength(12);
  });

  test('of which SQS never takes one answers for that one alone', async () => {
    const messages = Array.from({ length: 3 }, () => aMessage());
    const [, second] = messages;
    const isOfSecond = (body: string) => body.includes(`"${second?.identity.messageId}"`);
    h().aws.fault({
      service: 'sqs',
      action: 'SendMessageBatch',
      where: ({ input }) => (input['Entries'] as { MessageBody: string }[]).length === 1,
      fault: { kind: 'fail-entries', entries: [0] },
    });
    h().aws.fault({ service: 'sqs', number: 1, fault: { kind: 'fail-entries', entries: [1] } });
    const results = await h().dynamo.accept(messages);
    expect(results.map(({ kind }) => kind)).toEqual(['accepted', 'unavailable', 'accepted']);
    h().aws.clearFaults();
    expect(await h().dynamo.accept(messages)).toEqual(messages.map(() => ({ kind: 'duplicate', status: 'QUEUED' })));
    const bodies = h().resources.workQueueUrls.flatMap((url) =>
      h()
        .aws.sqs.messages(url)
        .map(({ sent }) => sent.body),
    );
    expect(bodies.filter(isOfSecond)).toHaveLength(1);
  });
});

describe('a repeat of a message that waits', () => {
  const h = useHarness(openAwsHarness);
  const queued = () => h().resources.workQueueUrls.flatMap((url) => [...h().aws.sqs.messages(url)]).length;

  test('hands it out again, at most once a minute', async () => {
    const message = aMessage();
    await h().dynamo.accept([message]);
    for (const copies of [2, 2, 2]) {
      await h().dynamo.accept([message, message]);
      expect(queued()).toBe(copies);
    }
    h().clock.advance(60_000);
    await h().dynamo.accept([message]);
    expect(queued()).toBe(3);
  });

  test('that was claimed does not', async () => {
    const { entry } = await attempted(h());
    const before = queued();
    await h().dynamo.accept([aMessage({ ...entry.identity, ...entry.request })]);
    expect(queued()).toBe(before);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isJson, objects, text, textMap } from '../src/testing/aws/json-input.ts';
import { type Json, ServiceError } from '../src/testing/aws/service.ts';
import { createSqsServer, type SqsServer } from '../src/testing/aws/sqs-server/sqs-server.ts';
import { createManualClock, type ManualClock } from '../src/testing/manual-clock.ts';
import {
  createModel,
  holderOf,
  MAX_HIDDEN_SECONDS,
  MAX_RECEIVES,
  type Model,
  modelCounts,
  modelHide,
  modelReceive,
  modelRedrive,
  modelSend,
  modelTick,
  overdueForRedrive,
  QUEUES,
  type QueueName,
  RETENTION_SECONDS,
  receivable,
  VISIBILITY_SECONDS,
} from './support/sqs-model.ts';

interface World {
  readonly sqs: SqsServer;
  readonly clock: ManualClock;
  readonly model: Model;
}

type Step =
  | { readonly kind: 'send'; readonly delaySeconds: number }
  | { readonly kind: 'receive'; readonly queue: QueueName; readonly limit: number; readonly seconds: number | null }
  | { readonly kind: 'delete'; readonly handle: number }
  | { readonly kind: 'hide'; readonly handle: number; readonly seconds: number }
  | { readonly kind: 'pass'; readonly seconds: number };

const WAITS = [1, VISIBILITY_SECONDS - 1, VISIBILITY_SECONDS, 100, RETENTION_SECONDS - 1, RETENTION_SECONDS];

/** The last handles are tried most. */
const handle = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, fc.nat(20));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), delaySeconds: fc.constantFrom(0, 0, 5, 900) }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      queue: fc.constantFrom<QueueName>('work', 'work', 'dead'),
      limit: fc.integer({ min: 1, max: 3 }),
      seconds: fc.constantFrom(null, null, 0, 10),
    }),
  },
  fc.record({ kind: fc.constant('delete' as const), handle }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('hide' as const),
      handle,
      seconds: fc.constantFrom(0, 1, VISIBILITY_SECONDS, MAX_HIDDEN_SECONDS - 20, MAX_HIDDEN_SECONDS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(...WAITS) }) },
);

function call({ sqs }: World, action: string, queue: QueueName, input: Json): Json {
  const answer = sqs.call(action, { QueueUrl: sqs.queueUrl(queue), ...input });
  if (answer instanceof Promise) throw new TypeError('the server answers at once');
  return answer;
}

function openWorld(): World {
  const clock = createManualClock();
  const sqs = createSqsServer({
    clock: clock.now,
    endpoint: () => 'http://127.0.0.1',
    region: 'eu-central-1',
    accountId: '000000000000',
  });
  const Attributes = {
    VisibilityTimeout: String(VISIBILITY_SECONDS),
    MessageRetentionPeriod: String(RETENTION_SECONDS),
  };
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: sqs.queueArn('dead'), maxReceiveCount: MAX_RECEIVES });
  sqs.call('CreateQueue', { QueueName: 'dead', Attributes });
  sqs.call('CreateQueue', { QueueName: 'work', Attributes: { ...Attributes, RedrivePolicy } });
  return { sqs, clock, model: createModel(clock.now()) };
}

function receive(world: World, { queue, limit, seconds }: Extract<Step, { kind: 'receive' }>): void {
  const { model } = world;
  const mayCome = receivable(model, queue);
  const mustMove = overdueForRedrive(model);
  const answer = call(world, 'ReceiveMessage', queue, {
    MaxNumberOfMessages: limit,
    MessageSystemAttributeNames: ['All'],
    ...(seconds === null ? {} : { VisibilityTimeout: seconds }),
  });
  const messages = objects(answer, 'Messages');
  expect(messages).toHaveLength(Math.min(limit, mayCome.length));
  for (const received of messages) {
    const message = mayCome.find(({ body }) => body === received['Body']);
    if (message === undefined) throw new Error(`${received['Body']} was not to come from ${queue}`);
    modelReceive(model, message, text(received, 'ReceiptHandle') ?? '', seconds ?? VISIBILITY_SECONDS);
    const { ApproximateReceiveCount } = textMap(received, 'Attributes');
    expect(ApproximateReceiveCount).toBe(String(message.totalReceives));
  }
  expect(new Set(messages.map(({ Body }) => Body)).size).toBe(messages.length);
  if (queue === 'work') noticeMoves(world, mustMove, messages.length < limit);
}

/** A receive looks no further than its limit: what it did not come across is moved by a later one. */
function noticeMoves({ sqs, model }: World, mustMove: readonly { body: string }[], lookedAtAll: boolean): void {
  const dead = new Set(sqs.messages(sqs.queueUrl('dead')).map(({ sent }) => sent.body));
  for (const message of model.messages) {
    if (!mustMove.includes(message)) continue;
    if (lookedAtAll) expect(dead).toContain(message.body);
    if (dead.has(message.body)) modelRedrive(message);
  }
}

function errorOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error.queryCode;
    throw error;
  }
}

function run(world: World, step: Step, number: number): void {
  const { model, clock } = world;
  if (step.kind === 'send') {
    const body = `message ${number}`;
    modelSend(model, body, step.delaySeconds);
    call(world, 'SendMessage', 'work', { MessageBody: body, DelaySeconds: step.delaySeconds });
  }
  if (step.kind === 'receive') receive(world, step);
  if (step.kind === 'pass') {
    clock.advance(step.seconds * 1_000);
    model.now = clock.now();
  }
  if (step.kind !== 'delete' && step.kind !== 'hide') return;
  const given = model.handles.at(-1 - step.handle);
  if (given === undefined) return;
  if (step.kind === 'delete') {
    const message = holderOf(model, given.handle);
    if (message !== undefined) model.messages.delete(message);
    call(world, 'DeleteMessage', given.queue, { ReceiptHandle: given.handle });
  } else {
    const input = { ReceiptHandle: given.handle, VisibilityTimeout: step.seconds };
    const expected = modelHide(model, given.handle, step.seconds);
    expect(errorOf(() => call(world, 'ChangeMessageVisibility', given.queue, input))).toBe(expected);
  }
}

function counts(world: World, queue: QueueName): Json {
  const { Attributes } = call(world, 'GetQueueAttributes', queue, { AttributeNames: ['All'] });
  const attributes = isJson(Attributes) ? Attributes : {};
  return {
    visible: Number(attributes['ApproximateNumberOfMessages']),
    inFlight: Number(attributes['ApproximateNumberOfMessagesNotVisible']),
    delayed: Number(attributes['ApproximateNumberOfMessagesDelayed']),
  };
}

describe('the SQS server', () => {
  test('does what a small model does, in any order of sends, receives, deletions, delays, redrives and time', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
        const world = openWorld();
        for (const [number, one] of steps.entries()) {
          run(world, one, number);
          modelTick(world.model);
          for (const queue of QUEUES) expect(counts(world, queue)).toEqual(modelCounts(world.model, queue));
        }
      }),
      { numRuns: 300 },
    );
  });
});

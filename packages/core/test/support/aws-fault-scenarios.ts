/** What can be under way when something breaks: each operation of the store, from the state that it needs. */

import type { Entry, Message, MessageView } from '@millrace/core';
import { createAwsPayloadStore, type DynamoMessageStore } from '@millrace/core/aws';
import {
  type Attempt,
  aMessage,
  anEntry,
  attempted,
  failure,
  LEASE_MS,
  retry,
  START_TIME,
  SUCCESS,
  settledWith,
  uniqueId,
  won,
} from '@millrace/core/testing';
import type { AwsHarness } from './aws-harness.ts';

export interface Scenario {
  readonly name: string;
  /** Brings the system into the state, and returns the call that is to be disturbed and what it must answer. */
  prepare(h: AwsHarness): Promise<{
    readonly act: (store: DynamoMessageStore) => Promise<unknown>;
    readonly answer: unknown;
    /** Who called repeats the call when it got no answer, as a client or a queue does. */
    readonly isRepeated: boolean;
    /** What may have become of the messages when all is over. */
    readonly ends: readonly MessageView['status'][];
  }>;
}

const ERROR = { statusCode: 500, message: 'HTTP 500' };

function settlement(attempt: Attempt, result: Parameters<typeof settledWith>[1]) {
  const error = result.kind === 'success' ? null : ERROR;
  return [{ entry: attempt.entry, token: attempt.token, result, error }];
}

/** A worker that died: its lease is over, and its entry is in the hands of another. */
async function takenOver(h: AwsHarness): Promise<Entry> {
  const { entry } = await attempted(h);
  h.clock.advance(LEASE_MS);
  return entry;
}

/** A message whose body is in the payload store. */
async function aLargeMessage({ resources, clients, clock }: AwsHarness): Promise<Message> {
  const payloads = createAwsPayloadStore(resources, { clients, clock });
  const senderId = 'billing';
  return aMessage({ senderId, payload: await payloads.put(senderId, Buffer.alloc(300_000, 'x')) });
}

const SUCCEEDS: readonly MessageView['status'][] = ['SUCCESS'];
const ENDS: readonly MessageView['status'][] = ['SUCCESS', 'FAILED'];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'accepting two messages',
    prepare() {
      const messages = [aMessage(), aMessage()];
      const answer = [{ kind: 'accepted' }, { kind: 'accepted' }];
      return Promise.resolve({ act: (store) => store.accept(messages), answer, isRepeated: true, ends: SUCCEEDS });
    },
  },
  {
    name: 'accepting a message with a large body',
    async prepare(h) {
      const message = await aLargeMessage(h);
      const act = (store: DynamoMessageStore) => store.accept([message]);
      return { act, answer: [{ kind: 'accepted' }], isRepeated: true, ends: SUCCEEDS };
    },
  },
  {
    name: 'a repeat of a message that waits',
    async prepare({ store }) {
      const message = aMessage();
      await store.accept([message]);
      const answer = [{ kind: 'duplicate', status: 'QUEUED' }];
      return { act: (dynamo) => dynamo.accept([message]), answer, isRepeated: true, ends: SUCCEEDS };
    },
  },
  {
    name: 'a claim',
    async prepare(h) {
      await h.store.accept([aMessage()]);
      const since = h.clock.now();
      const [entry = anEntry()] = await h.receive(1);
      const claim = { entry, token: uniqueId('token'), leaseMs: LEASE_MS };
      const answer = [{ kind: 'won', attempt: 1, leaseUntil: h.clock.now() + LEASE_MS, takeover: false, since }];
      return { act: (store) => store.claim([claim]), answer, isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'a claim that takes over',
    async prepare(h) {
      const claim = { entry: await takenOver(h), token: uniqueId('token'), leaseMs: LEASE_MS };
      const leaseUntil = h.clock.now() + LEASE_MS;
      const answer = [{ kind: 'won', attempt: 2, leaseUntil, takeover: true, since: START_TIME }];
      return { act: (store) => store.claim([claim]), answer, isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'settling a success',
    async prepare(h) {
      const settlements = settlement(await attempted(h), SUCCESS);
      return { act: (store) => store.settle(settlements), answer: ['settled'], isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'settling a success after the lease was lost',
    async prepare(h) {
      const attempt = await attempted(h);
      h.clock.advance(LEASE_MS);
      await won(h.store, attempt.entry);
      const settlements = settlement(attempt, SUCCESS);
      return { act: (store) => store.settle(settlements), answer: ['settled'], isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'settling a retry',
    async prepare(h) {
      const settlements = settlement(await attempted(h), retry(h.clock.now() + 5_000));
      return { act: (store) => store.settle(settlements), answer: ['settled'], isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'settling a failure',
    async prepare(h) {
      const settlements = settlement(await attempted(h), failure('rejected'));
      return { act: (store) => store.settle(settlements), answer: ['settled'], isRepeated: false, ends: ENDS };
    },
  },
  {
    name: 'handing an entry back',
    async prepare(h) {
      await h.store.accept([aMessage()]);
      const [entry = anEntry()] = await h.receive(1);
      const back = [{ entry, until: h.clock.now() + 3_000 }];
      return { act: (store) => store.handBack(back), answer: undefined, isRepeated: false, ends: SUCCEEDS };
    },
  },
  {
    name: 'keeping an orphan',
    prepare() {
      const orphans = [anEntry()];
      const act = (store: DynamoMessageStore) => store.keepOrphans(orphans);
      return Promise.resolve({ act, answer: undefined, isRepeated: true, ends: ['FAILED'] });
    },
  },
  {
    name: 'replaying a message',
    async prepare(h) {
      const { entry } = await settledWith(h, failure('rejected'));
      const answer = { found: 1, replayed: 1 };
      return { act: (store) => store.replay(entry.identity), answer, isRepeated: true, ends: SUCCEEDS };
    },
  },
  {
    name: 'replaying a message with a large body that begins its days anew',
    async prepare(h) {
      const message = await aLargeMessage(h);
      await h.store.accept([message]);
      const [entry = anEntry()] = await h.receive(1);
      const token = uniqueId('token');
      await h.store.claim([{ entry, token, leaseMs: LEASE_MS }]);
      await h.store.settle([{ entry, token, result: failure('rejected'), error: ERROR }]);
      await h.acknowledge([entry]);
      h.clock.advance(2 * 86_400_000);
      const answer = { found: 1, replayed: 1 };
      return { act: (store) => store.replay(message.identity), answer, isRepeated: true, ends: SUCCEEDS };
    },
  },
  {
    name: 'ending a message whose queue gave it up',
    async prepare(h) {
      const entry = await takenOver(h);
      const act = (store: DynamoMessageStore) => store.settleStranded([entry]);
      return { act, answer: ['settled'], isRepeated: true, ends: ['FAILED', 'SUCCESS'] };
    },
  },
];

/** What the store promises of messages whose body is in the payload store: it keeps where that is, and nothing else. */

import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { PayloadRef } from '../domain/payload.ts';
import type { Entry } from '../ports/message-store.ts';
import { aMessage } from './factories.ts';
import type { OpenHarness } from './message-store-harness.ts';
import { accepted, acceptedEntry, failure, only, received, retry, settledWith } from './message-store-steps.ts';
import { useHarness } from './use-harness.ts';

const BODY = 'a body that is thought to be large';
const sha256 = hash('sha256', BODY);
const PAYLOAD: PayloadRef = { key: `billing/${sha256}`, sha256, size: BODY.length, etag: '"1"' };

const requestOf = ({ request: { body, payload } }: Entry) => ({ bytes: body.length, payload });

export function describePayloads(open: OpenHarness): void {
  describe('a message whose body is in the payload store', () => {
    const h = useHarness(open);

    test('has an entry that says where, in every round and again after a replay', async () => {
      const place = { bytes: 0, payload: PAYLOAD };
      const due = h().clock.now() + 1_000;
      const { entry } = await settledWith(h(), retry(due), { payload: PAYLOAD });
      expect(requestOf(entry)).toEqual(place);
      h().clock.set(due);
      const again = await received(h());
      expect(requestOf(again)).toEqual(place);
      await h().store.claim([{ entry: again, token: 'last', leaseMs: 1_000 }]);
      await h().store.settle([{ entry: again, token: 'last', result: failure(), error: null }]);
      await h().acknowledge([again]);
      await h().store.replay(again.identity);
      expect(requestOf(await received(h()))).toEqual(place);
    });

    test('has such an entry also after a restart', async () => {
      await accepted(h().store, { payload: PAYLOAD });
      await h().restart();
      expect(requestOf(await received(h()))).toEqual({ bytes: 0, payload: PAYLOAD });
    });

    test('is the same message as one with that body, and another than one with another', async () => {
      const { identity } = await acceptedEntry(h(), { payload: PAYLOAD });
      const same = [
        aMessage({ ...identity, payload: { ...PAYLOAD, key: 'elsewhere', etag: '"2"' } }),
        aMessage({ ...identity, body: BODY }),
      ];
      const others = [
        aMessage({ ...identity, payload: { ...PAYLOAD, sha256: hash('sha256', 'other') } }),
        aMessage({ ...identity, body: '' }),
      ];
      const kindOf = async (message: (typeof same)[number]) => only(await h().store.accept([message])).kind;
      for (const message of same) expect(await kindOf(message)).toBe('duplicate');
      for (const message of others) expect(await kindOf(message)).toBe('conflict');
    });
  });
}

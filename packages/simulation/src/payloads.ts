/** Where large bodies of a history are. Its calls never fail: what matters is what stands in rows and entries. */

import { hash } from 'node:crypto';
import type { PayloadRef, PayloadStore } from '@millrace/core';

export function createPayloads(): Pick<PayloadStore, 'hold' | 'put'> {
  const payloads = new Map<string, PayloadRef>();
  const keyOf = (senderId: string, sha256: string): string => `${senderId}/${sha256}`;
  return {
    hold: ({ senderId, sha256 }) => Promise.resolve(payloads.get(keyOf(senderId, sha256))),
    put(senderId, bytes) {
      const sha256 = hash('sha256', bytes, 'hex');
      const ref = { key: keyOf(senderId, sha256), sha256, size: bytes.length, etag: `"${sha256}"` };
      payloads.set(ref.key, ref);
      return Promise.resolve(ref);
    },
  };
}

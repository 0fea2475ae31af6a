import type { EngineHost } from './engine-host.ts';
import type { UnusedPayloads } from './payload-rows.ts';

/** What the database knows of payloads; the bytes are elsewhere. Times are epoch milliseconds. */
export interface PayloadIndex {
  keep(key: string, until: number): Promise<void>;
  /** Payloads that no message has and whose time is over, a slice of them. Those in use are asked about again later. */
  findUnused(now: number): Promise<UnusedPayloads>;
  isUnused(key: string, now: number): Promise<boolean>;
  forget(key: string): Promise<void>;
}

const SLICE = 500;
const LOOK_AGAIN_MS = 86_400_000;

export function createPayloadIndex(host: EngineHost): PayloadIndex {
  return {
    keep: (key, until) => host.call('keepPayload', { key, until }),
    findUnused: (now) => host.call('findUnusedPayloads', { now, until: now + LOOK_AGAIN_MS, limit: SLICE }),
    isUnused: (key, now) => host.call('isPayloadUnused', { key, now }),
    forget: (key) => host.call('forgetPayload', { key }),
  };
}

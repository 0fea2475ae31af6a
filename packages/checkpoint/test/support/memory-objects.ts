/**
 * Objects in memory, as S3 keeps them, that go wrong where they are told to: before a call takes effect, after it, or
 * with its effect coming later.
 */

import { hash } from 'node:crypto';
import {
  type Clock,
  type ObjectInfo,
  type ObjectSplice,
  type ObjectStore,
  ObjectStoreUnavailableError,
  type ObjectWriter,
  PreconditionFailedError,
  type PutCondition,
} from '@millrace/core';

/** The objects themselves; what a process sees of them is a view. */
export interface MemoryBucket {
  readonly objects: Map<string, { readonly bytes: Uint8Array; readonly etag: string; readonly modifiedAt: number }>;
  /** Writes that were reported as failed, and are not. */
  readonly late: (() => void)[];
}

export function createBucket(): MemoryBucket {
  return { objects: new Map(), late: [] };
}

export type CallName = 'get' | 'head' | 'list' | 'put' | 'delete' | 'splice' | 'putChunks';

export type Fault =
  /** Nothing happens, the answer is an error. */
  | 'fails'
  /** It happens, the answer is lost. */
  | 'loses-answer'
  /** The answer is an error, and it happens later. */
  | 'happens-later'
  /** The process dies before it. */
  | 'dies-before'
  /** The process dies after it. */
  | 'dies-after';

/** The process is dead: nothing that it does has any effect. */
export class ProcessDied extends Error {}

export interface ViewOptions {
  readonly clock: Clock;
  /** Asked for every call. */
  readonly faultOf?: (call: CallName, key: string) => Fault | undefined;
  /** Comes before every call: lets others go first. */
  readonly before?: (call: CallName, key: string) => Promise<unknown>;
}

export interface MemoryObjects extends ObjectStore, ObjectWriter {
  /** Calls so far, by name. */
  readonly calls: readonly { readonly call: CallName; readonly key: string }[];
}

const WRITES: readonly CallName[] = ['put', 'delete', 'splice', 'putChunks'];

export function viewBucket(bucket: MemoryBucket, { clock, faultOf, before }: ViewOptions): MemoryObjects {
  const calls: { call: CallName; key: string }[] = [];
  let isDead = false;

  const run = async <T>(call: CallName, key: string, effect: () => T): Promise<T> => {
    await before?.(call, key);
    if (isDead) throw new ProcessDied();
    calls.push({ call, key });
    const fault = faultOf?.(call, key);
    if (fault === 'dies-before' || fault === 'dies-after') isDead = true;
    if (fault === 'dies-before') throw new ProcessDied();
    if (fault === 'happens-later' && WRITES.includes(call)) {
      bucket.late.push(() => {
        try {
          effect();
        } catch {
          // Its condition does not hold any more.
        }
      });
    }
    if (fault === 'fails' || fault === 'happens-later')
      throw new ObjectStoreUnavailableError(`no answer to ${call} ${key}`);
    const result = effect();
    if (fault === 'dies-after') throw new ProcessDied();
    if (fault === 'loses-answer') throw new ObjectStoreUnavailableError(`the answer to ${call} ${key} was lost`);
    return result;
  };

  const infoOf = (key: string): ObjectInfo | undefined => {
    const object = bucket.objects.get(key);
    return object && { key, size: object.bytes.length, etag: object.etag, modifiedAt: object.modifiedAt };
  };

  const assertCondition = (key: string, condition: PutCondition | undefined): void => {
    const etag = bucket.objects.get(key)?.etag;
    const holds =
      condition === undefined || (condition.kind === 'absent' ? etag === undefined : etag === condition.etag);
    if (condition !== undefined && !holds) throw new PreconditionFailedError(key, condition);
  };

  const store = (key: string, bytes: Uint8Array, condition: PutCondition | undefined): { readonly etag: string } => {
    assertCondition(key, condition);
    const etag = `"${hash('md5', bytes)}"`;
    bucket.objects.set(key, { bytes: Uint8Array.from(bytes), etag, modifiedAt: clock.now() });
    return { etag };
  };

  return {
    calls,
    get: (key, { range } = {}) =>
      run('get', key, () => {
        const info = infoOf(key);
        const object = bucket.objects.get(key);
        if (info === undefined || object === undefined) return undefined;
        return { ...info, bytes: object.bytes.slice(range?.start ?? 0, range?.end) };
      }),
    head: (key) => run('head', key, () => infoOf(key)),
    put: (key, bytes, { condition } = {}) => run('put', key, () => store(key, bytes, condition)),
    delete: (key) => run('delete', key, () => void bucket.objects.delete(key)),
    list: ({ prefix = '', startAfter = '', limit }) =>
      run('list', prefix, () => {
        const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix) && compare(key, startAfter) > 0);
        const page = keys.sort(compare).slice(0, limit);
        return { objects: page.flatMap((key) => infoOf(key) ?? []), more: keys.length > limit };
      }),
    splice: (key, { etag, keep, tail }: ObjectSplice) =>
      run('splice', key, () => {
        assertCondition(key, { kind: 'unchanged', etag });
        const old = bucket.objects.get(key)?.bytes ?? new Uint8Array(0);
        if (keep > old.length) throw new RangeError(`${key} has fewer than ${keep} bytes`);
        return store(key, Buffer.concat([old.subarray(0, keep), tail]), undefined);
      }),
    async putChunks(key, chunks, { condition } = {}) {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      return await run('putChunks', key, () => store(key, Buffer.concat(parts), condition));
    },
  };
}

/** What was thought to have failed takes effect now, as far as its condition still holds. */
export function letLateWritesHappen({ late }: MemoryBucket): void {
  for (const write of late.splice(0)) write();
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** That goes wrong at one kind of call to one key, the first `times` times. */
export function failing(call: CallName, key: string, fault: Fault, times = 1): Required<Pick<ViewOptions, 'faultOf'>> {
  let left = times;
  return {
    faultOf(name, at) {
      if (name !== call || at !== key || left === 0) return undefined;
      left -= 1;
      return fault;
    },
  };
}

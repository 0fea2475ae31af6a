/**
 * Where the engine runs. A flush to the disk blocks the thread that asks for it, and that must not be the one that
 * serves HTTP: normally the engine has a worker thread of its own, and what arrives while it commits forms the next
 * group. Inline is for tests, which want everything in one place.
 */

import { Worker } from 'node:worker_threads';
import { DataFolderError, StoreUnavailableError } from '../errors.ts';
import { type DatabaseOptions, openDatabase } from './database.ts';
import { type Answer, type Call, type OperationName, type Operations, runGroup } from './group-commit.ts';
import { createMessageEngine, type Retention } from './message-engine.ts';

export interface EngineHost {
  call<K extends OperationName>(
    operation: K,
    argument: Parameters<Operations[K]>[0],
  ): Promise<ReturnType<Operations[K]>>;
  /** Calls that were made before are finished first. */
  close(): Promise<void>;
}

export interface EngineOptions extends DatabaseOptions {
  readonly retention: Retention;
}

/** To the thread: a group of calls, or the wish to end. */
export type ToThread = { readonly calls: readonly Call[] } | 'close';
/** From the thread: ready or not, the answers of one group in the order of its calls, and the end. */
export type FromThread =
  | { readonly opened: true }
  | { readonly opened: false; readonly message: string; readonly isDataFolderError: boolean }
  | { readonly answers: readonly Answer[] }
  | 'closed';

interface Pending {
  readonly call: Call;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** What a group leaves behind is garbage soon: more room would only let it pile up. */
const YOUNG_GENERATION_MB = 12;

/** Groups under way at once: one that commits, and one that is ready to follow it. */
const GROUPS_UNDER_WAY = 2;

/**
 * Gathers the calls of one turn of the event loop, or of the time that the groups before them take, and sends them as
 * a group.
 */
export function createHost(
  send: (calls: readonly Call[]) => void,
  close: () => Promise<void>,
): { host: EngineHost; receive: (answers: readonly Answer[]) => void; fail: (error: Error) => void } {
  let gathered: Pending[] = [];
  const sent: Pending[][] = [];
  let closing: Promise<void> | undefined;
  let failure: Error | undefined;

  const flush = (): void => {
    if (gathered.length === 0) return;
    const group = gathered;
    gathered = [];
    sent.push(group);
    send(group.map((pending) => pending.call));
  };
  const flushWhenFree = (): void => {
    if (sent.length < GROUPS_UNDER_WAY) flush();
  };

  const host: EngineHost = {
    call: (operation, argument) =>
      new Promise((resolve, reject) => {
        const refusal = closing === undefined ? failure : new StoreUnavailableError('the store is closed');
        if (refusal !== undefined) {
          reject(refusal);
          return;
        }
        if (gathered.length === 0) setImmediate(flushWhenFree);
        gathered.push({ call: { operation, argument }, resolve, reject });
      }),
    close() {
      flush();
      closing ??= close();
      return closing;
    },
  };

  const receive = (answers: readonly Answer[]): void => {
    for (const [index, pending] of (sent.shift() ?? []).entries()) {
      const answer = answers[index];
      if (answer?.ok === true) pending.resolve(answer.value as never);
      else pending.reject(toError(answer));
    }
    // Not at once: what was resolved just now calls again in this turn.
    setImmediate(flushWhenFree);
  };

  const fail = (error: Error): void => {
    failure ??= error;
    for (const pending of [...sent.splice(0).flat(), ...gathered.splice(0)]) pending.reject(error);
  };

  return { host, receive, fail };
}

function toError(answer: (Answer & { ok: false }) | undefined): Error {
  if (answer?.unavailable === true) return new StoreUnavailableError(`the database cannot write: ${answer.message}`);
  return new Error(`a database operation failed: ${answer?.message}`);
}

/** @throws DataFolderError */
export function openInline(options: EngineOptions): EngineHost {
  const { db, engine } = openDatabase(options, (db) => ({ db, engine: createMessageEngine(db, options.retention) }));
  const { host, receive } = createHost(
    (calls) => receive(runGroup(db, engine, calls)),
    () => {
      db.close();
      return Promise.resolve();
    },
  );
  return host;
}

/** @throws DataFolderError */
export async function openThread(options: EngineOptions): Promise<EngineHost> {
  const worker = new Worker(new URL('./engine-thread.ts', import.meta.url), {
    workerData: options,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  const post = (message: ToThread): void => worker.postMessage(message);
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  const { host, receive, fail } = createHost(
    (calls) => post({ calls }),
    async () => {
      post('close');
      await ended;
    },
  );

  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FromThread) => {
      if (message === 'closed') return;
      if ('answers' in message) receive(message.answers);
      else if (message.opened) resolve();
      else reject(message.isDataFolderError ? new DataFolderError(message.message) : new Error(message.message));
    });
    worker.on('error', (error: Error) => {
      reject(error);
      fail(new StoreUnavailableError('the database thread failed', { cause: error }));
    });
    void ended.then(() => fail(new StoreUnavailableError('the database thread has ended')));
  });
  return host;
}

/**
 * The whole system on one machine: API and delivery in one process, on one data folder.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HealthProblem, systemClock } from '@millrace/core';
import { openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import {
  type AttemptReport,
  createDeliveryLimits,
  createHttpTarget,
  type DeliveryLoop,
  deliver,
  logAttempt,
  startDeliveryLoop,
} from '@millrace/delivery-worker';
import { createApp } from '@millrace/ingest-api';
import type { Logger } from 'pino';
import type { UpConfig } from './config.ts';
import { createHeldUpLog } from './held-up-log.ts';
import { listen } from './http-server.ts';
import { describeStall } from './stall.ts';

export interface System {
  readonly url: string;
  /** Stops taking, finishes what is under way within the limit, gives the folder free. */
  stop(): Promise<void>;
}

const RETENTION_INTERVAL_MS = 60_000;

/**
 * @throws DataFolderError when the folder cannot be used
 * @throws ListenError when the address cannot
 */
export async function startSystem(config: UpConfig, version: string, log: Logger): Promise<System> {
  const store = await openSqliteStore({
    folder: config.data,
    dedupeDays: config.dedupeDays,
    ...(config.maxBytes === undefined ? {} : { maxBytes: config.maxBytes }),
  });
  try {
    let delivery: Delivery | undefined;
    const app = createApp({
      store,
      clock: systemClock,
      config: config.api,
      readiness: () => findStall(store, delivery?.loop),
      onError: (error) => log.error({ err: error }, 'request failed'),
    });
    const server = await listen(app.fetch, config.host, config.port);
    // Only now: when the address cannot be had, nothing has been begun.
    if (config.delivery) delivery = startDelivery(store, config, version, log);
    const stopRetention = startRetention(store, log);
    return {
      url: server.url,
      async stop() {
        stopRetention();
        await Promise.all([server.close(config.shutdownMs), delivery?.stop()]);
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Delivery {
  readonly loop: DeliveryLoop;
  stop(): Promise<void>;
}

function startDelivery(store: SqliteStore, config: UpConfig, version: string, log: Logger): Delivery {
  const { concurrency, connectTimeoutMs, requestTimeoutMs } = config.worker;
  const target = createHttpTarget({ connectTimeoutMs, connections: concurrency, userAgent: `Millrace/${version}` });
  const onError = createHeldUpLog(log, systemClock);
  const limits = createDeliveryLimits(concurrency);
  const logOne = logAttempt(log);
  const deps = {
    store,
    target,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    // A result that finds no room is offered again and again: that must not keep the process from ending.
    sleep: (ms: number) => sleep(ms, undefined, { ref: false }),
    requestTimeoutMs,
    onAttempt(report: AttemptReport) {
      limits.learn(report);
      logOne(report);
    },
    onError,
  };
  const loop = startDeliveryLoop({
    queue: store,
    deliver: (entries) => deliver(entries, deps),
    clock: systemClock,
    limits,
    onError,
  });
  return {
    loop,
    async stop() {
      const unfinished = await loop.stop(config.shutdownMs);
      if (unfinished > 0) log.warn({ unfinished }, 'deliveries were cut off: the next start takes them up');
      await target.close();
    },
  };
}

async function findStall(store: SqliteStore, loop: DeliveryLoop | undefined): Promise<readonly HealthProblem[]> {
  if (loop === undefined) return [];
  const oldestDue = await store.oldestDue();
  return describeStall({ now: systemClock.now(), oldestDue, lastProgressAt: loop.lastProgressAt() });
}

/** Returns a function that ends it. */
function startRetention(store: SqliteStore, log: Logger): () => void {
  const remove = (): void => {
    store.removeExpired().then(
      (removed) => removed > 0 && log.debug({ removed }, 'messages past their retention were removed'),
      (error) => log.error({ err: error }, 'retention is held up'),
    );
  };
  remove();
  const timer = setInterval(remove, RETENTION_INTERVAL_MS);
  return () => clearInterval(timer);
}

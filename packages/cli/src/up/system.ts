/**
 * The whole system on one machine: API and delivery in one process, on one data folder.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConfigError,
  createLogLines,
  type LogLines,
  type Metrics,
  numberFields,
  type SigningSecrets,
  systemClock,
} from '@millrace/core';
import type { FilePayloadStore, SqliteStore } from '@millrace/core/sqlite';
import {
  type AttemptLog,
  type AttemptReport,
  countStoreError,
  createDeliveryLimits,
  createHttpTarget,
  type DeliveryLoop,
  deliver,
  observeWorker,
  startDeliveryLoop,
  type TargetGate,
} from '@millrace/delivery-worker';
import {
  createApp,
  createBearerCallers,
  createIntake,
  createKeyQuotas,
  isLoopback,
  type KeyRing,
  observeApi,
  openKeyRing,
  refusingWhenFull,
} from '@millrace/ingest-api';
import type { Logger } from 'pino';
import { startAttemptFolding } from './attempt-folding.ts';
import { createBooks } from './books.ts';
import type { UpConfig } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { createFoldAttempts } from './fold-attempts.ts';
import { openGate } from './gate.ts';
import { createGauges } from './gauges.ts';
import { createHeldUpLog } from './held-up-log.ts';
import { listen } from './http-server.ts';
import { openLocalEventLog, startAttemptLog } from './local-attempt-log.ts';
import { createPrometheusMetrics } from './prometheus-metrics.ts';
import { createReadiness } from './readiness.ts';
import { startRetention } from './retention.ts';

export interface System {
  readonly url: string;
  /** Was there a key when it started? Without any, whoever is on this machine may do anything. */
  readonly hasKeys: boolean;
  /** Stops taking, finishes what is under way within the limit, gives the folder free. */
  stop(): Promise<void>;
}

/** For what is still to be written of targets when deliveries have ended. */
const FLUSH_MS = 1_000;
/** Milliseconds that a shutdown gives the attempt log, beside what deliveries get. */
const ATTEMPT_LOG_STOP_MS = 5_000;

/**
 * @throws DataFolderError when the folder cannot be used
 * @throws ListenError when the address cannot
 * @throws ConfigError when others than this machine could reach it, and there is no key
 */
export async function startSystem(config: UpConfig, version: string, log: Logger): Promise<System> {
  const { store, signing, payloads } = await openDataFolder({
    folder: config.data,
    clock: systemClock,
    dedupeDays: config.dedupeDays,
    lowDiskBytes: config.lowDiskBytes,
    ...(config.maxBytes === undefined ? {} : { maxBytes: config.maxBytes }),
  });
  try {
    let delivery: Delivery | undefined;
    const lines = createLogLines(log);
    const books = createBooks(store, systemClock);
    const metrics = createPrometheusMetrics({ beforeRender: () => gauges.measure() });
    const inFlight = (): number => delivery?.loop.inFlight() ?? 0;
    const gate = openGate({ store, breaker: config.worker.circuitBreaker, lines, metrics });
    const gauges = createGauges({ metrics, store, books, inFlight, clock: systemClock });
    const keys = await openKeyRing(store.keys);
    const isLocal = isLoopback(config.host);
    if (!isLocal) assertHasKey(keys, config);
    const quotas = createKeyQuotas({ backlog: store, clock: systemClock, defaults: config.keyLimits });
    const intake = createIntake(config.intake, systemClock);
    const app = createApp({
      ...observeApi(lines, metrics),
      store,
      signing,
      circuits: store.circuits,
      payloads,
      uploads: payloads,
      clock: systemClock,
      config: config.api,
      onTarget: gate.forget,
      callerOf: createBearerCallers({ keys, clock: systemClock, quotas, isLocal }),
      keys: { ring: keys, randomBytes },
      intake,
      readiness: createReadiness({
        ...{ store, books, clock: systemClock, maxAgeMs: config.readyMaxAgeMs },
        lastProgressAt: () => delivery?.loop.lastProgressAt(),
      }),
      metrics,
    });
    const server = await listen(refusingWhenFull(intake, app.fetch), config.host, config.port);
    // Only now: when the address cannot be had, nothing has been begun.
    if (config.delivery) delivery = startDelivery({ store, payloads, gate, signing, config, version, lines, metrics });
    const retention = startRetention(async () => {
      const [messages, bodies] = await Promise.all([store.removeExpired(), payloads.removeUnused()]);
      return { messages, bodies };
    }, lines);
    void retention.round();
    return {
      url: server.url,
      hasKeys: !keys.isEmpty(),
      async stop() {
        retention.stop();
        await Promise.all([server.close(config.shutdownMs), delivery?.stop()]);
        gauges.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function assertHasKey(keys: KeyRing, { host, data }: UpConfig): void {
  if (!keys.isEmpty()) return;
  throw new ConfigError([
    `--host ${host} is for others than this machine, and there is no key yet: make one with` +
      ` millrace key create --data ${data} --name NAME --all-senders, or listen on 127.0.0.1`,
  ]);
}

interface Stores {
  readonly store: SqliteStore;
  readonly payloads: FilePayloadStore;
}

interface Delivery {
  readonly loop: DeliveryLoop;
  stop(): Promise<void>;
}

interface DeliveryDeps extends Stores {
  readonly gate: TargetGate;
  readonly signing: SigningSecrets;
  readonly config: UpConfig;
  readonly version: string;
  readonly lines: LogLines;
  readonly metrics: Metrics;
}

function startDelivery(deps: DeliveryDeps): Delivery {
  const { store, payloads, gate, signing, config, version, lines, metrics } = deps;
  const { concurrency, requestTimeoutMs } = config.worker;
  const userAgent = `Millrace/${version}`;
  const target = createHttpTarget({ ...config.worker, connections: concurrency, userAgent, payloads });
  const sayHeldUp = createHeldUpLog(lines, systemClock);
  const countError = countStoreError(metrics);
  const onError = (error: unknown): void => {
    countError(error);
    sayHeldUp(error);
  };
  const attempts = config.attemptLog ? startAttempts(deps) : undefined;
  const limits = createDeliveryLimits(concurrency);
  const observer = observeWorker({ lines, metrics, attempts, worker: `up-${randomUUID()}` });
  const deliverDeps = {
    ...observer,
    onAttempt(report: AttemptReport): void {
      limits.learn(report);
      observer.onAttempt(report);
    },
    store,
    signing,
    target,
    gate,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    // A result that finds no room is offered again and again: that must not keep the process from ending.
    sleep: (ms: number) => sleep(ms, undefined, { ref: false }),
    requestTimeoutMs,
    onError,
  };
  const loop = startDeliveryLoop({
    queue: store,
    deliver: (entries) => deliver(entries, deliverDeps),
    clock: systemClock,
    limits,
    onError,
  });
  return {
    loop,
    async stop() {
      const unfinished = await loop.stop(config.shutdownMs);
      if (unfinished > 0) lines.say('delivery.cut-off', numberFields({ unfinished }));
      await target.close();
      await gate.flush(FLUSH_MS);
      await attempts?.stop(ATTEMPT_LOG_STOP_MS);
    },
  };
}

/** The attempt log, and its folding into the checkpoint. */
function startAttempts({ config, lines, metrics }: DeliveryDeps): AttemptLog {
  const { data, attemptLogDays: days, foldEveryMs: everyMs } = config;
  const clock = systemClock;
  const eventLog = openLocalEventLog(data, clock);
  if (everyMs === null) return startAttemptLog({ eventLog, days, clock, lines, metrics });
  const folding = startAttemptFolding({ eventLog, fold: createFoldAttempts(data), everyMs, lines, metrics });
  const log = startAttemptLog({ eventLog: folding.eventLog, days, clock, lines, metrics });
  return {
    add: log.add,
    async stop(limitMs) {
      await Promise.all([log.stop(limitMs), folding.stop()]);
    },
  };
}

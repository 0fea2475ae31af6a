import { describe, expect, test } from '@jest/globals';
import { type AttemptOutcome, type AttemptRecord, createLogLines, type LogSink, REASONS } from '@millrace/core';
import { aMessage, anEntry, createRecordingMetrics, START_TIME } from '@millrace/core/testing';
import fc from 'fast-check';
import { observeAccounting } from '../src/accounting-observer.ts';
import { countStoreError } from '../src/attempt-metrics.ts';
import { observeCircuits } from '../src/circuit-observer.ts';
import { deliver } from '../src/deliver.ts';
import { observeWorker, reportDrop } from '../src/worker-observer.ts';
import { unavailable, won } from './support/claims.ts';
import { PROPERTY_LIMIT_MS } from './support/limits.ts';
import { makeScripted, type Script } from './support/scripted.ts';
import { openSqliteWorld } from './support/sqlite-world.ts';

type Line = Record<string, unknown>;

/** A logger that keeps its lines. */
function createSink(level: 'debug' | 'warn' = 'debug') {
  const lines: Line[] = [];
  const take = (name: string) => (fields: object) => lines.push({ level: name, ...fields });
  const sink: LogSink = {
    isLevelEnabled: (name) => level === 'debug' || name === 'warn' || name === 'error',
    ...{ debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') },
  };
  return { lines, logLines: createLogLines(sink) };
}

function setUp(script: Script = {}, level: 'debug' | 'warn' = 'debug') {
  const { lines, logLines } = createSink(level);
  const metrics = createRecordingMetrics();
  const records: AttemptRecord[] = [];
  const attempts = { add: (record: AttemptRecord) => records.push(record) };
  const observer = observeWorker({ lines: logLines, metrics, worker: 'w', attempts });
  const scripted = makeScripted(script);
  return { lines, metrics, records, scripted, deps: { ...scripted.deps, ...observer } };
}

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const refused: AttemptOutcome = { kind: 'connection', detail: 'ECONNREFUSED' };

describe('an attempt', () => {
  test('is a line with the id of its message and of its trace, and a record', async () => {
    const { lines, records, deps } = setUp({ claim: () => won({ attempt: 2 }), send: () => refused });
    const entry = anEntry({ messageId: 'm', targetUrl: 'https://a.example/secret?token=1', traceparent: TRACEPARENT });
    await deliver([entry], deps);
    expect(lines).toEqual([
      {
        ...{ level: 'debug', event: 'attempt', webhookId: expect.stringMatching(/^msg_/), senderId: 'billing' },
        ...{ messageId: 'm', targetOrigin: 'https://a.example', traceId: TRACEPARENT.slice(3, 35) },
        ...{ attempt: 2, outcome: 'connection', status: null, reason: null, durationMs: 0 },
      },
    ]);
    expect(records).toEqual([
      {
        ...{ senderId: 'billing', messageId: 'm', messageTimestamp: '2026-11-22T10:00:00Z' },
        ...{ targetOrigin: 'https://a.example', webhookId: lines[0]?.['webhookId'], attempt: 2 },
        ...{ startedAt: START_TIME, statusCode: null, outcome: 'retry', reason: null, errorClass: 'connection' },
        ...{ connectMs: null, firstByteMs: null, totalMs: 0, requestBytes: 0, responseBytes: 0, worker: 'w' },
      },
    ]);
  });

  test('that makes its message a dead letter is a warning with the reason', async () => {
    const { lines, records, deps } = setUp({ send: () => ({ kind: 'response', statusCode: 410 }) }, 'warn');
    await deliver([anEntry()], deps);
    expect(lines).toMatchObject([{ level: 'warn', event: 'dead-letter', reason: 'gone', status: 410 }]);
    expect(records).toMatchObject([
      { outcome: 'dead-letter', reason: 'gone', errorClass: 'http-4xx', statusCode: 410 },
    ]);
  });

  test('whose result did not count is in the log and the attempt log, and no message is counted for it', async () => {
    const { lines, records, metrics, deps } = setUp({
      settle: () => 'acknowledge',
      send: () => ({ kind: 'response', statusCode: 410 }),
    });
    await deliver([anEntry()], deps);
    expect(lines).toMatchObject([{ event: 'attempt' }]);
    expect(records).toHaveLength(1);
    expect(metrics.total('deadLettered')).toBe(0);
  });
});

describe('an entry without a message', () => {
  test('is an error in the log, and counted as a dead letter', async () => {
    const { lines, metrics, deps } = setUp({ claim: () => ({ kind: 'missing' }) });
    await deliver([anEntry()], deps);
    expect(lines).toMatchObject([{ level: 'error', event: 'orphan' }]);
    expect(metrics.total('deadLettered', { reason: 'orphan' })).toBe(1);
  });
});

describe('attempts that are dropped', () => {
  test('are counted, and told with the reason', () => {
    const { lines, logLines } = createSink();
    const metrics = createRecordingMetrics();
    reportDrop(logLines, metrics)(7, unavailable());
    expect(metrics.total('attemptLogDropped')).toBe(7);
    expect(lines).toMatchObject([{ event: 'attempt-log.dropped', attempts: 7, error: { code: 'store-unavailable' } }]);
  });
});

describe('errors of the store', () => {
  test('are counted, others are not', () => {
    const metrics = createRecordingMetrics();
    const count = countStoreError(metrics);
    for (const error of [unavailable(), new Error('other'), unavailable()]) count(error);
    expect(metrics.total('storeErrors', { part: 'delivery' })).toBe(2);
  });
});

describe('circuits', () => {
  test('are told when they change, and counted while they are not closed', () => {
    const { lines, logLines } = createSink();
    const metrics = createRecordingMetrics();
    const observe = observeCircuits(logLines, metrics);
    const change = { senderId: 's', origin: 'https://a.example', until: START_TIME };
    observe({ ...change, from: 'closed', to: 'open' });
    observe({ ...change, senderId: 't', from: 'closed', to: 'open' });
    observe({ ...change, from: 'open', to: 'half-open' });
    expect(metrics.value('circuitsOpen')).toBe(2);
    observe({ ...change, from: 'half-open', to: 'closed', until: null });
    expect(metrics.value('circuitsOpen')).toBe(1);
    expect(metrics.total('circuitChanges', { to: 'open' })).toBe(2);
    expect(lines[0]).toMatchObject({ event: 'circuit', senderId: 's', targetOrigin: 'https://a.example', to: 'open' });
  });
});

describe('the accounting', () => {
  const sound = {
    asOf: START_TIME,
    accepted: 3,
    succeeded: 1,
    failed: 1,
    waiting: 1,
    missing: 0,
    overdue: 0,
    overdueSamples: [],
  };

  test.each([
    ['info', 'accounting', sound],
    ['error', 'accounting.gap', { ...sound, missing: 1 }],
    ['error', 'accounting.gap', { ...sound, overdue: 1 }],
  ])('is told as %s %s', (level, event, report) => {
    const { lines, logLines } = createSink();
    const metrics = createRecordingMetrics();
    observeAccounting(logLines, metrics)(report);
    expect(lines).toMatchObject([{ level, event, waiting: 1, missing: report.missing, overdue: report.overdue }]);
    expect([metrics.value('backlog'), metrics.value('booksDifference'), metrics.value('overdue')]).toEqual([
      1,
      report.missing,
      report.overdue,
    ]);
  });
});

describe('the metrics of a run', () => {
  const outcomes = fc.oneof(
    fc
      .constantFrom(200, 204, 410, 404, 500, 503, 429)
      .map((statusCode): AttemptOutcome => ({ kind: 'response', statusCode })),
    fc.constantFrom('timeout', 'dns', 'tls', 'connection').map((kind): AttemptOutcome => ({ kind, detail: '' })),
  );

  test(
    'agree with the accounting of the store and with the attempts that were made, whatever targets answer',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
          fc.array(outcomes, { maxLength: 20 }),
          async (plans, answers) => {
            const world = await openSqliteWorld();
            try {
              const { metrics, records, deps } = setUp();
              const { onAttempt, onOrphan } = deps;
              await world.store.accept(plans.map((maxAttempts) => aMessage({ maxAttempts })));
              world.answerWith(answers);
              for (let next: number | null = START_TIME; next !== null; next = await world.store.oldestDue()) {
                world.clock.set(Math.max(world.clock.now(), next));
                const { entries } = await world.store.take(10);
                await deliver(entries, { ...world.deps, onAttempt, onOrphan });
              }
              const counts = await world.store.counts();
              expect(metrics.total('delivered')).toBe(counts.succeeded);
              expect(metrics.total('deadLettered')).toBe(counts.failed);
              expect(metrics.observed('deliveryDuration')).toHaveLength(counts.succeeded);
              expect(counts.accepted).toBe(metrics.total('delivered') + metrics.total('deadLettered'));
              const made = world.requests.length;
              expect(metrics.total('delivered') + metrics.total('deadLettered') + metrics.total('retried')).toBe(made);
              expect(records).toHaveLength(made);
              for (const reason of REASONS) {
                const listed = (await world.store.list({ status: 'FAILED', reason, limit: 100 })).messages.length;
                expect(metrics.total('deadLettered', { reason })).toBe(listed);
              }
            } finally {
              await world.close();
            }
          },
        ),
      );
    },
    PROPERTY_LIMIT_MS,
  );

  test('count an attempt by its class and its target, with how long it took', async () => {
    const { metrics, deps } = setUp({ claim: () => won({ since: START_TIME - 2_000 }) });
    const timings = { connectMs: 1, firstByteMs: 2, totalMs: 1_500, requestBytes: 4, responseBytes: 5 };
    const target = {
      ...deps.target,
      send(
        _: unknown,
        __: number,
        ___: unknown,
        observe?: (measured: typeof timings) => void,
      ): Promise<AttemptOutcome> {
        observe?.(timings);
        return Promise.resolve({ kind: 'response', statusCode: 204 });
      },
    };
    await deliver([anEntry({ targetUrl: 'https://a.example/x' })], { ...deps, target });
    expect(metrics.total('attempts', { result: 'success', origin: 'https://a.example' })).toBe(1);
    expect(metrics.observed('attemptDuration')).toEqual([1.5]);
    expect(metrics.observed('deliveryDuration')).toEqual([2]);
  });
});

/** Sends the lines of a stream in batches, several requests at a time, in memory that does not grow with the stream. */

import type { BatchResult } from '../api-shapes.ts';
import type { ApiClient } from '../client.ts';
import { ApiError, isRetryable } from '../client-errors.ts';
import type { Effects } from '../effects.ts';
import { errorText } from '../error-text.ts';
import { describeApiErrorShortly } from '../problem-text.ts';
import { openRetryWindow } from '../retry-window.ts';
import { type Batch, type BatchLine, createBatcher, encodeBatch } from './batcher.ts';
import { createLineSplitter, type Line } from './line-splitter.ts';
import { MAX_LINE_BYTES, readMessageLine } from './message-line.ts';
import type { SendReport } from './send-report.ts';

/** Requests under way at most. */
export const MAX_IN_FLIGHT = 4;

/** Milliseconds that gathered lines wait for more, when the input pauses. */
export const LINGER_MS = 50;

export interface SendLinesDeps {
  readonly client: Pick<ApiClient, 'sendBatch'>;
  readonly effects: Pick<Effects, 'sleep' | 'random'>;
  readonly now: () => number;
  /** Stops reading and trying again; requests under way are still waited for, so that the count is true. */
  readonly signal: AbortSignal;
  /** Milliseconds for which a batch is tried again. Repeating is safe: what is stored already is a duplicate. */
  readonly retryForMs: number;
  readonly report: SendReport;
}

export interface SendLinesResult {
  /** Why it ended before the end of the input; undefined when it did not, or when the signal was aborted. */
  readonly failure: unknown;
  /** Number of the last line that was read. */
  readonly lastLine: number;
  /** The whole input was read. */
  readonly complete: boolean;
}

/** Never rejects: what goes wrong is in the report and in the result. */
export async function sendLines(
  chunks: AsyncIterable<Uint8Array | string>,
  deps: SendLinesDeps,
): Promise<SendLinesResult> {
  const { report, effects } = deps;
  const splitter = createLineSplitter(MAX_LINE_BYTES);
  const batcher = createBatcher();
  const inFlight = new Set<Promise<void>>();
  const failing = new AbortController();
  const stop = AbortSignal.any([deps.signal, failing.signal]);
  let failure: unknown;
  let lastLine = 0;

  const fail = (error: unknown) => {
    failure ??= error;
    failing.abort();
  };

  const launch = (batch: Batch) => {
    if (batch.length === 0) return;
    if (stop.aborted) return report.notStored(batch, 'stopped before it was sent');
    const task = sendBatch(batch, deps, stop, fail).finally(() => inFlight.delete(task));
    inFlight.add(task);
  };

  /** Read no faster than the server takes it. */
  const launchWhenFree = async (batch: Batch) => {
    while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    launch(batch);
  };

  const flushWhenIdle = async (busy: AbortSignal) => {
    await effects.sleep(LINGER_MS, busy);
    while (!busy.aborted && inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    if (!busy.aborted) launch(batcher.flush());
  };

  const take = async (line: Line) => {
    lastLine = line.number;
    const gathered = readLine(line, report);
    if (gathered === undefined) return;
    const batch = batcher.add(gathered);
    if (batch !== undefined) await launchWhenFree(batch);
  };

  const iterator = chunks[Symbol.asyncIterator]();
  let complete = false;
  try {
    while (!stop.aborted) {
      const busy = new AbortController();
      void flushWhenIdle(busy.signal);
      const next = await nextUnless(stop, iterator).finally(() => busy.abort());
      if (next === undefined) break;
      complete = next.done === true;
      const lines = next.done === true ? splitter.end() : splitter.push(toBytes(next.value));
      for (const line of lines) {
        if (stop.aborted) break;
        await take(line);
      }
      if (complete) break;
    }
  } catch (error) {
    fail(error);
  }
  if (!complete) void iterator.return?.().catch(() => undefined);
  await launchWhenFree(batcher.flush());
  await Promise.all(inFlight);
  return { failure, lastLine, complete };
}

/** The next chunk; undefined as soon as the signal is aborted, for an input that may never say anything again. */
function nextUnless<T>(stop: AbortSignal, iterator: AsyncIterator<T>): Promise<IteratorResult<T> | undefined> {
  return new Promise((resolve, reject) => {
    const onStop = () => resolve(undefined);
    stop.addEventListener('abort', onStop, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => stop.removeEventListener('abort', onStop));
  });
}

function toBytes(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** The line when it is worth sending; what is wrong with it is reported. */
function readLine(line: Line, report: SendReport): BatchLine | undefined {
  const content = readMessageLine(line);
  if (content.kind !== 'blank') report.read();
  if (content.kind === 'message') {
    const { bytes, messageId } = content;
    return { number: line.number, bytes, messageId, inputBytes: line.inputBytes };
  }
  if (content.kind === 'invalid') report.refused('invalid', line.number, content.messageId, content.problems);
  report.advance(line.inputBytes);
  return undefined;
}

/** Sends a batch until every line of it has a result, or trying again is of no use any more. */
async function sendBatch(
  batch: Batch,
  deps: SendLinesDeps,
  stop: AbortSignal,
  fail: (error: unknown) => void,
): Promise<void> {
  const { report } = deps;
  const openWindow = () => openRetryWindow(deps.retryForMs, { now: deps.now, random: deps.effects.random });
  let window = openWindow();
  let rest = batch;
  for (;;) {
    const attempt = await tryBatch(rest, deps);
    if (attempt.rest.length < rest.length) window = openWindow();
    rest = attempt.rest;
    if (rest.length === 0) return;

    const delay = attempt.isFinal || stop.aborted ? undefined : window.nextDelay(attempt.retryAfterMs);
    if (delay !== undefined) {
      report.waiting(attempt.why);
      await deps.effects.sleep(delay, stop);
    }
    if (delay === undefined || stop.aborted) {
      report.notStored(rest, attempt.why);
      return fail(attempt.error);
    }
  }
}

interface BatchAttempt {
  /** Lines without a result. */
  readonly rest: Batch;
  readonly error: unknown;
  /** Why there is a rest, for people. */
  readonly why: string;
  /** Trying again cannot help. */
  readonly isFinal: boolean;
  readonly retryAfterMs: number;
}

async function tryBatch(batch: Batch, deps: SendLinesDeps): Promise<BatchAttempt> {
  try {
    const { results, retryAfterMs } = await deps.client.sendBatch(encodeBatch(batch));
    if (results.length !== batch.length) throw new Error('the server gave not one result for each message');
    const rest = batch.filter((line, index) => !settleLine(line, results[index], deps.report));
    if (rest.length < batch.length) deps.report.answered();
    const why = 'the server could not store it';
    return { rest, error: new Error(why), why, isFinal: false, retryAfterMs };
  } catch (error) {
    const retryAfterMs = isRetryable(error) ? error.retryAfterMs : 0;
    return { rest: batch, error, why: explain(error), isFinal: !isRetryable(error), retryAfterMs };
  }
}

/** Reports what became of a line; false when it is not known or not stored, so that it must be sent again. */
function settleLine(line: BatchLine, result: BatchResult | undefined, report: SendReport): boolean {
  if (result === undefined || result.result === 'unavailable') return false;
  if (result.result === 'accepted' || result.result === 'duplicate') report.stored(result.result);
  else report.refused(result.result, line.number, line.messageId, result.problems ?? []);
  report.advance(line.inputBytes);
  return true;
}

/** One line for people. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) return describeApiErrorShortly(error);
  return errorText(error);
}

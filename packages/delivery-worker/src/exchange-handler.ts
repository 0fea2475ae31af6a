/** Follows the exchange of one request and its answer: what comes of it, within its deadline. */

import { type AttemptOutcome, parseRetryAfter, RECEIVER_CONTROLS, type ReceiverControl } from '@millrace/core';
import type { Dispatcher } from 'undici';
import { errorOutcome, toLine } from './error-outcome.ts';
import { type ExchangeTimings, startStopwatch } from './exchange-timings.ts';

/** Bytes of an answer that are read; then the connection is closed, and the status counts. */
const MAX_RESPONSE_BYTES = 64 * 1_024;
/** Bytes of an answer that are kept for operators. */
const EXCERPT_BYTES = 1_024;

/**
 * For undici's dispatch. The first end that it comes to is the outcome, whatever happens afterwards.
 *
 * @param onEnd called once
 * @param bodyBytes of the request
 */
export function createExchangeHandler(
  onEnd: (outcome: AttemptOutcome, timings: ExchangeTimings) => void,
  { deadlineMs, bodyBytes }: { readonly deadlineMs: number; readonly bodyBytes: number },
) {
  const stopwatch = startStopwatch(bodyBytes);
  let controller: Dispatcher.DispatchController | undefined;
  let ended = false;
  let statusCode = 0;
  let retryAfterMs: number | undefined;
  let control: ReceiverControl | undefined;
  let length = 0;
  const kept: Buffer[] = [];

  const end = (outcome: AttemptOutcome): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    onEnd(outcome, stopwatch.read(length));
  };
  const response = (): AttemptOutcome => {
    const excerpt = toLine(Buffer.concat(kept).toString('utf8', 0, EXCERPT_BYTES));
    return {
      ...{ kind: 'response', statusCode, excerpt },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(control === undefined ? {} : { control }),
    };
  };
  const abort = (reason: string): void => controller?.abort(new Error(reason));

  const timer = setTimeout(() => {
    const detail = statusCode === 0 ? 'no answer' : `HTTP ${statusCode}, but the answer did not end`;
    end({ kind: 'timeout', detail: `${detail} within ${deadlineMs} ms` });
    abort('deadline');
  }, deadlineMs);

  return {
    onRequestStart(started: Dispatcher.DispatchController): void {
      // The deadline passed while the request waited for a connection: it must not be sent any more. Thrown, because an
      // abort would close the connection, which is good.
      if (ended) throw new Error('deadline');
      controller = started;
      stopwatch.started();
    },
    onResponseStart(
      _controller: Dispatcher.DispatchController,
      code: number,
      headers: Record<string, string | string[] | undefined>,
    ): void {
      // Informational answers come before the one that counts.
      if (code < 200) return;
      statusCode = code;
      stopwatch.answered();
      const retryAfter = headers['retry-after'];
      if (typeof retryAfter === 'string') retryAfterMs = parseRetryAfter(retryAfter, Date.now());
      control = readControl(headers['webhook-delivery']);
    },
    onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
      if (length < EXCERPT_BYTES) kept.push(chunk);
      length += chunk.length;
      if (length <= MAX_RESPONSE_BYTES) return;
      end(response());
      abort('answer too long');
    },
    onResponseEnd(): void {
      end(response());
    },
    onResponseError(_controller: unknown, error: unknown): void {
      end(errorOutcome(error));
    },
  };
}

/** Of several the strongest; a word that is not known asks for nothing. */
function readControl(header: string | readonly string[] | undefined): ReceiverControl | undefined {
  const words = [header ?? []]
    .flat()
    .flatMap((value) => value.toLowerCase().split(','))
    .map((word) => word.trim());
  return RECEIVER_CONTROLS.findLast((control) => words.includes(control));
}

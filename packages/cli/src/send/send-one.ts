/** `millrace send` of a single message. */

import type { Accepted, MessageInput } from '../api-shapes.ts';
import type { ApiClient } from '../client.ts';
import { AccessError, ApiError, isRetryable, UnreachableError } from '../client-errors.ts';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { openRetryWindow } from '../retry-window.ts';
import { explain } from './send-lines.ts';

/**
 * Sends a message, trying again for `retryForMs`: repeating it is safe. When no connection can be made at all it fails
 * at once, unless `isPatient`: the server is most likely not running.
 *
 * @throws ApiError; UnreachableError; AccessError; ExitError when it is not known whether the message was stored
 */
export async function sendOne(
  io: Io,
  effects: Effects,
  client: ApiClient,
  message: MessageInput,
  options: { readonly retryForMs: number; readonly isPatient: boolean },
): Promise<Accepted> {
  const window = openRetryWindow(options.retryForMs, { now: io.now, random: effects.random });
  let isKnown = true;
  for (;;) {
    try {
      return await client.send(message);
    } catch (error) {
      const isAway = error instanceof UnreachableError && !error.connected;
      if (isKnown && isAway && !options.isPatient) throw error;
      // A refusal of a repeat says nothing about the request that got no answer.
      isKnown &&= isAway || error instanceof ApiError || error instanceof AccessError;
      const delay = isRetryable(error) && !io.signal.aborted ? window.nextDelay(error.retryAfterMs) : undefined;
      if (delay !== undefined) await effects.sleep(delay, io.signal);
      if (delay !== undefined && !io.signal.aborted) continue;
      if (isKnown) throw io.signal.aborted ? io.signal.reason : error;
      const exitCode = io.signal.aborted ? EXIT.interrupted : EXIT.failed;
      throw new ExitError(exitCode, `${explain(error)}; ${describeRepeat(message)}`, { cause: error });
    }
  }
}

function describeRepeat(message: MessageInput): string {
  const { messageId, timestamp } = message;
  return `it may have been stored: repeat it, safely, with --id ${messageId} --timestamp ${timestamp}`;
}

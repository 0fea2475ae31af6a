/**
 * The calls that take messages.
 */

import type { MessageStore } from '@millrace/core';
import { type AcceptOutcome, accept, acceptOne } from './accept.ts';
import { answerBatch, answerOne } from './accept-answers.ts';
import { readJsonBatch, readNdjsonBatch } from './batch.ts';
import type { CallerHandler } from './caller.ts';
import { type MessageReader, readingFor } from './message-reader.ts';
import { parseJson, readJsonBody, readTextBody } from './request-body.ts';
import { tracedBy } from './traced-reader.ts';

type AcceptStore = Pick<MessageStore, 'accept' | 'get'>;

/** Told what became of the messages of a request. */
export type OutcomesListener = (outcomes: readonly AcceptOutcome[]) => void;

const TRACEPARENT = 'traceparent';

/** `POST /message` */
export function postMessage(
  store: AcceptStore,
  readMessage: MessageReader,
  onAccept?: OutcomesListener,
): CallerHandler {
  return async (c, caller) => {
    const read = tracedBy(c.req.header(TRACEPARENT), readingFor(caller, readMessage));
    const outcome = await acceptOne(store, read(await readJsonBody(c.req.raw)));
    onAccept?.([outcome]);
    return answerOne(outcome);
  };
}

/** `POST /messages` */
export function postMessages(
  store: AcceptStore,
  readMessage: MessageReader,
  onAccept?: OutcomesListener,
): CallerHandler {
  return async (c, caller) => {
    const { kind, text } = await readTextBody(c.req.raw, ['json', 'ndjson']);
    const read = tracedBy(c.req.header(TRACEPARENT), readingFor(caller, readMessage));
    const items = kind === 'json' ? readJsonBatch(parseJson(text), read) : readNdjsonBatch(text, read);
    const readings = items.map(({ reading }) => reading);
    const outcomes = await accept(store, readings);
    onAccept?.(outcomes);
    return answerBatch(items, outcomes);
  };
}

/**
 * The calls that take messages.
 */

import { type AcceptDeps, type AcceptOutcome, accept, acceptOne } from './accept.ts';
import { answerBatch, answerOne } from './accept-answers.ts';
import { readJsonBatch, readNdjsonBatch } from './batch.ts';
import type { Caller, CallerHandler } from './caller.ts';
import { type MessageReader, readingFor } from './message-reader.ts';
import { parseJson, readTextBody } from './request-body.ts';
import { tracedBy } from './traced-reader.ts';

/** Told what became of the messages of a request. */
export type OutcomesListener = (outcomes: readonly AcceptOutcome[]) => void;

const TRACEPARENT = 'traceparent';

/** `POST /message` */
export function postMessage(deps: AcceptDeps, readMessage: MessageReader, onAccept?: OutcomesListener): CallerHandler {
  return async (c, caller, visit) => {
    caller.quota?.assertOpen();
    const { text } = await readTextBody(c.req.raw, ['json'], visit.grow);
    await visit.turn();
    const read = tracedBy(c.req.header(TRACEPARENT), readingFor(caller, readMessage));
    const reading = read(parseJson(text));
    const outcome = await withinQuota(caller, 1, () => acceptOne(deps, reading));
    onAccept?.([outcome]);
    return answerOne(outcome);
  };
}

/** `POST /messages` */
export function postMessages(deps: AcceptDeps, readMessage: MessageReader, onAccept?: OutcomesListener): CallerHandler {
  return async (c, caller, visit) => {
    caller.quota?.assertOpen();
    const { kind, text } = await readTextBody(c.req.raw, ['json', 'ndjson'], visit.grow);
    await visit.turn();
    const read = tracedBy(c.req.header(TRACEPARENT), readingFor(caller, readMessage));
    const items = kind === 'json' ? readJsonBatch(parseJson(text), read) : readNdjsonBatch(text, read);
    const readings = items.map(({ reading }) => reading);
    const outcomes = await withinQuota(caller, items.length, () => accept(deps, readings));
    onAccept?.(outcomes);
    return answerBatch(items, outcomes);
  };
}

/** All messages of a request count, whatever becomes of them: what is invalid makes work too. */
async function withinQuota<T>({ quota }: Caller, messages: number, action: () => Promise<T>): Promise<T> {
  if (quota === undefined) return action();
  const end = await quota.admit(messages);
  return action().finally(end);
}

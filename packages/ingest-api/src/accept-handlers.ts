/**
 * The calls that take messages.
 */

import { type AcceptDeps, accept, acceptOne } from './accept.ts';
import { answerBatch, answerOne } from './accept-answers.ts';
import { readJsonBatch, readNdjsonBatch } from './batch.ts';
import type { CallerHandler } from './caller.ts';
import { type MessageReader, readingFor } from './message-reader.ts';
import { parseJson, readJsonBody, readTextBody } from './request-body.ts';

/** `POST /message` */
export function postMessage(deps: AcceptDeps, readMessage: MessageReader): CallerHandler {
  return async (c, caller) => {
    const reading = readingFor(caller, readMessage)(await readJsonBody(c.req.raw));
    return answerOne(await acceptOne(deps, reading));
  };
}

/** `POST /messages` */
export function postMessages(deps: AcceptDeps, readMessage: MessageReader): CallerHandler {
  return async (c, caller) => {
    const { kind, text } = await readTextBody(c.req.raw, ['json', 'ndjson']);
    const read = readingFor(caller, readMessage);
    const items = kind === 'json' ? readJsonBatch(parseJson(text), read) : readNdjsonBatch(text, read);
    const readings = items.map(({ reading }) => reading);
    return answerBatch(items, await accept(deps, readings));
  };
}

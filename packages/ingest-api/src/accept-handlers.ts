/**
 * The calls that take messages.
 */

import type { MessageStore } from '@millrace/core';
import { accept, acceptOne } from './accept.ts';
import { answerBatch, answerOne } from './accept-answers.ts';
import { readJsonBatch, readNdjsonBatch } from './batch.ts';
import type { Caller, CallerHandler } from './caller.ts';
import { type MessageReader, readingFor } from './message-reader.ts';
import { parseJson, readTextBody } from './request-body.ts';

type AcceptStore = Pick<MessageStore, 'accept' | 'get'>;

/** `POST /message` */
export function postMessage(store: AcceptStore, readMessage: MessageReader): CallerHandler {
  return async (c, caller, visit) => {
    caller.quota?.assertOpen();
    const { text } = await readTextBody(c.req.raw, ['json'], visit.grow);
    await visit.turn();
    const reading = readingFor(caller, readMessage)(parseJson(text));
    return answerOne(await withinQuota(caller, 1, () => acceptOne(store, reading)));
  };
}

/** `POST /messages` */
export function postMessages(store: AcceptStore, readMessage: MessageReader): CallerHandler {
  return async (c, caller, visit) => {
    caller.quota?.assertOpen();
    const { kind, text } = await readTextBody(c.req.raw, ['json', 'ndjson'], visit.grow);
    await visit.turn();
    const read = readingFor(caller, readMessage);
    const items = kind === 'json' ? readJsonBatch(parseJson(text), read) : readNdjsonBatch(text, read);
    const readings = items.map(({ reading }) => reading);
    return answerBatch(items, await withinQuota(caller, items.length, () => accept(store, readings)));
  };
}

/** All messages of a request count, whatever becomes of them: what is invalid makes work too. */
async function withinQuota<T>({ quota }: Caller, messages: number, action: () => Promise<T>): Promise<T> {
  if (quota === undefined) return action();
  const end = await quota.admit(messages);
  return action().finally(end);
}

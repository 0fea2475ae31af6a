/**
 * The calls that take messages.
 */

import type { MessageStore } from '@millrace/core';
import type { Handler } from 'hono';
import { accept, acceptOne } from './accept.ts';
import { answerBatch, answerOne } from './accept-answers.ts';
import { readJsonBatch, readNdjsonBatch } from './batch.ts';
import type { MessageReader } from './message-reader.ts';
import { parseJson, readJsonBody, readTextBody } from './request-body.ts';

type AcceptStore = Pick<MessageStore, 'accept' | 'get'>;

/** `POST /message` */
export function postMessage(store: AcceptStore, readMessage: MessageReader): Handler {
  return async (c) => {
    const reading = readMessage(await readJsonBody(c.req.raw));
    return answerOne(await acceptOne(store, reading));
  };
}

/** `POST /messages` */
export function postMessages(store: AcceptStore, readMessage: MessageReader): Handler {
  return async (c) => {
    const { kind, text } = await readTextBody(c.req.raw, ['json', 'ndjson']);
    const items = kind === 'json' ? readJsonBatch(parseJson(text), readMessage) : readNdjsonBatch(text, readMessage);
    const readings = items.map(({ reading }) => reading);
    return answerBatch(items, await accept(store, readings));
  };
}

/**
 * The calls that look messages up and replay them.
 */

import { InvalidCursorError, type MessageStore } from '@millrace/core';
import type { Handler } from 'hono';
import { invalidRequest, notFound, ProblemError } from './problem-document.ts';
import { readJsonBody } from './request-body.ts';
import { getQuerySchema, listQuerySchema, replayManySchema, replaySchema } from './requests.ts';
import { validate, validateQuery } from './validate.ts';
import { messageView } from './views.ts';

const NO_MESSAGE = 'there is no message of that name';

/** `GET /messages/{messageId}` */
export function getMessage(store: Pick<MessageStore, 'get'>): Handler<object, '/:messageId'> {
  return async (c) => {
    const query = validateQuery(getQuerySchema, c.req.url);
    const views = await store.get({ messageId: c.req.param('messageId'), ...query });
    if (views.length === 0) throw notFound(NO_MESSAGE);
    return c.json({ messages: views.map(messageView) });
  };
}

/** `GET /messages` */
export function listMessages(store: Pick<MessageStore, 'list'>): Handler {
  return async (c) => {
    const query = validateQuery(listQuerySchema, c.req.url);
    const { messages, cursor } = await blamingCursor('?cursor', store.list(query));
    return c.json({ messages: messages.map(messageView), cursor });
  };
}

/** `POST /messages/{messageId}/replay` */
export function replayMessage(store: Pick<MessageStore, 'replay'>): Handler<object, '/:messageId'> {
  return async (c) => {
    const name = validate(replaySchema, await readJsonBody(c.req.raw));
    const { found, replayed } = await store.replay({ messageId: c.req.param('messageId'), ...name });
    if (found === 0) throw notFound(NO_MESSAGE);
    if (replayed === 0) throw new ProblemError('conflict', 409, { detail: 'no message of that name is FAILED' });
    return c.json({ replayed }, 202);
  };
}

/** `POST /replays` */
export function replayMessages(store: Pick<MessageStore, 'replayMany'>): Handler {
  return async (c) => {
    const query = validate(replayManySchema, await readJsonBody(c.req.raw));
    const { replayed, remaining, cursor } = await blamingCursor('$.cursor', store.replayMany(query));
    return c.json({ replayed, remaining, cursor }, 202);
  };
}

/** Whether a cursor is good only the store knows. */
async function blamingCursor<T>(path: string, page: Promise<T>): Promise<T> {
  try {
    return await page;
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw error;
    const message = 'is not a cursor that an earlier page returned';
    throw invalidRequest([{ path, message, expected: 'the cursor of the page before' }]);
  }
}

/** `GET /stats`: the accounting; the difference is 0 when it adds up. */
export function getStats(store: Pick<MessageStore, 'counts'>): Handler {
  return async (c) => {
    const { accepted, succeeded, failed, waiting } = await store.counts();
    return c.json({ accepted, succeeded, failed, waiting, difference: accepted - succeeded - failed - waiting });
  };
}

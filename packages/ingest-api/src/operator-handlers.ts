/**
 * The calls that look messages up and replay them.
 */

import { InvalidCursorError, type MessageStore, UnsupportedQueryError } from '@millrace/core';
import { assertAllSenders, type CallerHandler, withinSenders } from './caller.ts';
import { invalidCursor, invalidRequest, notFound, ProblemError } from './problem-document.ts';
import { jsonPath } from './problems.ts';
import { readJsonBody } from './request-body.ts';
import { getQuerySchema, listQuerySchema, replayManySchema, replaySchema } from './requests.ts';
import { validate, validateQuery } from './validate.ts';
import { messageView } from './views.ts';

const NO_MESSAGE = 'there is no message of that name';

type PathOf = (field: string) => string;
const inQuery: PathOf = (field) => `?${field}`;
const inBody: PathOf = (field) => jsonPath([field]);

/** `GET /messages/{messageId}` */
export function getMessage(store: Pick<MessageStore, 'get'>): CallerHandler<'/:messageId'> {
  return async (c, caller) => {
    const query = withinSenders(caller, validateQuery(getQuerySchema, c.req.url), inQuery('senderId'));
    const name = { messageId: c.req.param('messageId'), ...query };
    const views = await blamingQuery(name, inQuery, store.get(name));
    if (views.length === 0) throw notFound(NO_MESSAGE);
    return c.json({ messages: views.map(messageView) });
  };
}

/** `GET /messages` */
export function listMessages(store: Pick<MessageStore, 'list'>): CallerHandler {
  return async (c, caller) => {
    const query = withinSenders(caller, validateQuery(listQuerySchema, c.req.url), inQuery('senderId'));
    const { messages, cursor } = await blamingQuery(query, inQuery, store.list(query));
    return c.json({ messages: messages.map(messageView), cursor });
  };
}

/** `POST /messages/{messageId}/replay` */
export function replayMessage(store: Pick<MessageStore, 'replay'>): CallerHandler<'/:messageId'> {
  return async (c, caller, visit) => {
    const body = await readJsonBody(c.req.raw, visit.grow);
    const parts = withinSenders(caller, validate(replaySchema, body), inBody('senderId'));
    const name = { messageId: c.req.param('messageId'), ...parts };
    const { found, replayed } = await blamingQuery(name, inBody, store.replay(name));
    if (found === 0) throw notFound(NO_MESSAGE);
    if (replayed === 0) throw new ProblemError('conflict', 409, { detail: 'no message of that name is FAILED' });
    return c.json({ replayed }, 202);
  };
}

/** `POST /replays` */
export function replayMessages(store: Pick<MessageStore, 'replayMany'>): CallerHandler {
  return async (c, caller, visit) => {
    const body = await readJsonBody(c.req.raw, visit.grow);
    const query = withinSenders(caller, validate(replayManySchema, body), inBody('senderId'));
    const { replayed, remaining, cursor } = await blamingQuery(query, inBody, store.replayMany(query));
    return c.json({ replayed, remaining, cursor }, 202);
  };
}

/** Whether a cursor is good, and what can be asked for, only the store knows. */
async function blamingQuery<T>(query: object, pathOf: PathOf, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof InvalidCursorError) throw invalidCursor(pathOf('cursor'));
    if (!(error instanceof UnsupportedQueryError)) throw error;
    const { field, expected } = error;
    const message = field in query ? 'is nothing that this store can look for' : 'is missing';
    throw invalidRequest([{ path: pathOf(field), message, expected }]);
  }
}

/**
 * `GET /stats`: the accounting; the difference is 0 when it adds up. It is kept over all senders, so that only who may
 * act for all of them may see it.
 */
export function getStats(store: Pick<MessageStore, 'counts'>): CallerHandler {
  return async (c, caller) => {
    assertAllSenders(caller, 'the accounting is over all senders, and for all of them only');
    const { accepted, succeeded, failed, waiting } = await store.counts();
    return c.json({ accepted, succeeded, failed, waiting, difference: accepted - succeeded - failed - waiting });
  };
}

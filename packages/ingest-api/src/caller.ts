/**
 * Who calls, and for which senders.
 *
 * | The caller may act for | a request that names a sender | that names none |
 * | --- | --- | --- |
 * | all | is about that sender | is about all |
 * | one | 403 when it is another | is about this one |
 * | several | 403 when it is none of them | 400 with the list |
 *
 * A message of another sender is not there for a caller (404), whether or not it is.
 */

import type { ApiKey, Scope, Senders } from '@millrace/core';
import type { Context } from 'hono';
import type { Visit } from './intake.ts';
import type { Quota } from './key-quota.ts';
import { forbidden, invalidRequest } from './problem-document.ts';
import type { Problem } from './problems.ts';

export interface Caller {
  /** For people, in problems and logs. Never a secret. */
  readonly name: string;
  /** The ids of the senders that it may act for, none twice. */
  readonly senders: Senders;
  /** Without it, all of them. */
  readonly scopes?: readonly Scope[];
  /** What it showed; nobody else has any. */
  readonly key?: ApiKey;
  /** Limits on what it hands in; without it, none of its own. */
  readonly quota?: Quota;
}

/** Finds out who makes a request. Whatever it throws, the request goes no further; ProblemError says 403 or the like. */
export type CallerOf = (context: Context) => Caller | Promise<Caller>;

/** Answers a request of a caller; a handler that touches messages cannot be written without one. */
export type CallerHandler<Path extends string = string> = (
  context: Context<object, Path>,
  caller: Caller,
  visit: Visit,
) => Promise<Response>;

/** Where nobody is asked who they are. */
export const ANYONE: Caller = { name: 'anyone', senders: 'all' };

/** @throws ProblemError 403 when the caller lacks the scope, whatever it asks for */
export function assertScope({ name, scopes }: Caller, scope: Scope): void {
  if (scopes === undefined || scopes.includes(scope)) return;
  throw forbidden([], `${name} may not ${scope}: it has the scopes ${scopes.join(', ')}`);
}

/** @throws ProblemError 403 when the caller may not act for every sender */
export function assertAllSenders({ senders }: Caller, detail: string): void {
  if (senders !== 'all') throw forbidden([], detail);
}

export function mayActFor({ senders }: Caller, senderId: string): boolean {
  return senders === 'all' || senders.includes(senderId);
}

/** What is wrong with the sender that stands at a path. */
export function senderProblem({ senders }: Caller, senderId: string, path: string): Problem {
  const expected = senders === 'all' || senders.length === 0 ? undefined : oneOfSenders(senders);
  const message = `is ${JSON.stringify(senderId)}, a sender that the caller may not act for`;
  return expected === undefined ? { path, message } : { path, message, expected };
}

/**
 * A query that finds nothing but what the caller may see; `path` is where it names a sender.
 *
 * @throws ProblemError 403 when it asks for another sender, 400 when it must name one
 */
export function withinSenders<Query extends { readonly senderId?: string }>(
  caller: Caller,
  query: Query,
  path: string,
): Query {
  const { name, senders } = caller;
  if (senders === 'all') return query;
  if (query.senderId !== undefined) {
    if (senders.includes(query.senderId)) return query;
    throw forbidden([senderProblem(caller, query.senderId, path)]);
  }
  const [senderId, ...others] = senders;
  if (senderId === undefined) throw forbidden([], `${name} may not act for any sender`);
  if (others.length === 0) return { ...query, senderId };
  throw invalidRequest([{ path, message: 'is missing', expected: oneOfSenders(senders) }]);
}

function oneOfSenders(senders: readonly string[]): string {
  return `one of ${senders.join(', ')}`;
}

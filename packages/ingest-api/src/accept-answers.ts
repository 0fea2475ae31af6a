/**
 * What clients are told of the messages that they sent.
 */

import { LIMITS, type Message } from '@millrace/core';
import type * as z from 'zod/mini';
import type { AcceptOutcome } from './accept.ts';
import type { BatchItem } from './batch.ts';
import { jsonResponse } from './json-response.ts';
import { forbidden, invalidRequest, ProblemError } from './problem-document.ts';
import { firstProblems } from './problems.ts';
import type { resultSchema } from './responses.ts';

const CONFLICT =
  'a message with this senderId, messageId, timestamp and targetUrl was accepted with another method, headers or body';

/**
 * Answers `POST /message`.
 * @throws ProblemError 400, 403, 409, 503
 */
export function answerOne(outcome: AcceptOutcome): Response {
  switch (outcome.kind) {
    case 'accepted':
      return jsonResponse({ ...namesOf(outcome.message), status: 'QUEUED', duplicate: false }, 202);
    case 'duplicate':
      return jsonResponse({ ...namesOf(outcome.message), status: outcome.status, duplicate: true });
    case 'conflict':
      throw new ProblemError('conflict', 409, { detail: CONFLICT });
    case 'unavailable':
      throw notStored('the message is not durably queued; repeat the request');
    case 'invalid':
      throw invalidRequest(outcome.problems);
    case 'forbidden':
      throw forbidden(outcome.problems);
  }
}

function namesOf({ identity: { messageId, senderId } }: Message): { messageId: string; senderId: string } {
  return { messageId, senderId };
}

function notStored(detail: string, members = {}): ProblemError {
  return new ProblemError('unavailable', 503, { detail, members, headers: { 'retry-after': '1' } });
}

/** Problems listed of all messages of a batch together; of each that is wrong, one at least. */
const MAX_PROBLEMS = 1_000;

/**
 * Answers `POST /messages`: 202 when every message is stored, else 207. A message of a sender that the caller may not
 * act for is an invalid one: the batch is answered item by item, and its other messages go on.
 * @throws ProblemError 503, with the results, when none is and the store is why
 */
export function answerBatch(items: readonly BatchItem[], outcomes: readonly AcceptOutcome[]): Response {
  const wrong = outcomes.filter((outcome) => 'problems' in outcome).length;
  const most = Math.floor(MAX_PROBLEMS / Math.max(1, wrong));
  const results = outcomes.map((outcome, index) => resultOf(outcome, index, items[index]?.value, most));
  if (outcomes.every(isStored)) return jsonResponse({ results }, 202);

  const isUnavailable = outcomes.some(({ kind }) => kind === 'unavailable');
  if (!isUnavailable || outcomes.some(isStored)) return jsonResponse({ results }, 207);
  throw notStored('none of the messages is durably queued; repeat the request', { results });
}

function isStored({ kind }: AcceptOutcome): boolean {
  return kind === 'accepted' || kind === 'duplicate';
}

function resultOf(
  outcome: AcceptOutcome,
  index: number,
  value: unknown,
  mostProblems: number,
): z.output<typeof resultSchema> {
  switch (outcome.kind) {
    case 'accepted':
      return { index, messageId: outcome.message.identity.messageId, result: 'accepted', status: 'QUEUED' };
    case 'duplicate':
      return { index, messageId: outcome.message.identity.messageId, result: 'duplicate', status: outcome.status };
    case 'conflict':
    case 'unavailable':
      return { index, messageId: outcome.message.identity.messageId, result: outcome.kind };
    case 'invalid':
    case 'forbidden': {
      const problems = firstProblems(outcome.problems, mostProblems);
      return { index, messageId: readableId(value), result: 'invalid', problems };
    }
  }
}

/** The id of a message that is not valid, for the client to find it by. */
function readableId(value: unknown): string | null {
  const isNamed = typeof value === 'object' && value !== null && 'messageId' in value;
  if (!isNamed || typeof value.messageId !== 'string') return null;
  return value.messageId.length <= LIMITS.idLength ? value.messageId : null;
}

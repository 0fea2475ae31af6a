/**
 * Errors as clients get them: RFC 9457 problem documents.
 */

import * as z from 'zod/mini';
import { described } from './fields.ts';
import { jsonResponse } from './json-response.ts';
import type { Problem } from './problems.ts';

const PROBLEM_TYPES = [
  'invalid',
  'conflict',
  'too-large',
  'unsupported',
  'forbidden',
  'not-found',
  'unavailable',
  'rate-limited',
] as const;
export type ProblemType = (typeof PROBLEM_TYPES)[number];

const TITLES: Readonly<Record<ProblemType, string>> = {
  invalid: 'The request is not valid',
  conflict: 'The request conflicts with what is stored',
  'too-large': 'The request is too large',
  unsupported: 'This kind of request is not supported here',
  forbidden: 'The request is not allowed',
  'not-found': 'There is no such thing',
  unavailable: 'The request could not be carried out',
  'rate-limited': 'There are too many requests',
};

export const problemSchema = z.object({
  path: described(
    z.string(),
    'JSON path of what is wrong, `?name` of a query parameter, or `{name}` of a part of the path',
  ),
  message: described(z.string(), 'What is wrong, in words that follow the path'),
  expected: z.exactOptional(described(z.string(), 'What was expected there')),
});

export const problemDocumentSchema = z.looseObject({
  type: z.enum(PROBLEM_TYPES),
  title: z.string(),
  status: described(z.number(), 'The HTTP status', { type: 'integer' }),
  detail: z.string(),
  problems: z.exactOptional(described(z.array(problemSchema), 'Everything that is wrong with the request')),
});

/** What a problem document says beyond its type and status. */
export interface ProblemDetails {
  readonly detail: string;
  /** Everything that is wrong with the request. */
  readonly problems?: readonly Problem[];
  /** Further members of the document (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function problemResponse(type: ProblemType, status: number, details: ProblemDetails): Response {
  const { detail, problems, members, headers } = details;
  const document = { type, title: TITLES[type], status, detail, ...(problems && { problems }), ...members };
  return jsonResponse(document, status, { ...headers, 'content-type': 'application/problem+json' });
}

/** Thrown to end a request with a problem document. */
export class ProblemError extends Error {
  readonly type: ProblemType;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(type: ProblemType, status: number, details: ProblemDetails) {
    super(details.detail);
    this.name = 'ProblemError';
    this.type = type;
    this.status = status;
    this.details = details;
  }
}

/** 400 with everything that is wrong; the detail is for people and names the first. */
export function invalidRequest(problems: readonly Problem[]): ProblemError {
  return new ProblemError('invalid', 400, { detail: summaryOf(problems), problems });
}

/** 400 for a cursor that no page returned, at a path. */
export function invalidCursor(path: string): ProblemError {
  const message = 'is not a cursor that an earlier page returned';
  return invalidRequest([{ path, message, expected: 'the cursor of the page before' }]);
}

/** 403 for what the request names, or for the caller, whatever it asks for. */
export function forbidden(problems: readonly Problem[], detail = summaryOf(problems)): ProblemError {
  return new ProblemError('forbidden', 403, problems.length === 0 ? { detail } : { detail, problems });
}

function summaryOf(problems: readonly Problem[]): string {
  const [first] = problems;
  const rest = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return first === undefined ? 'The request is not valid' : `${first.path} ${first.message}${rest}`;
}

export function notFound(detail: string): ProblemError {
  return new ProblemError('not-found', 404, { detail });
}

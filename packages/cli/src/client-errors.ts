/** The ways in which a request to the API fails. */

import { types } from 'node:util';
import { type Advice, LOCAL_ADVICE } from './access.ts';
import { frontDoorMessage, isProblemDocument, type ProblemDocument, parseJson } from './api-shapes.ts';
import { errorText } from './error-text.ts';

/** The API refused, or could not do it now. */
export class ApiError extends Error {
  readonly status: number;
  /** Null when the answer was not a problem document. */
  readonly problem: ProblemDocument | null;
  /** The body of the answer as it came. */
  readonly text: string;
  /** Milliseconds that the server asks to wait; 0 when it does not say. */
  readonly retryAfterMs: number;
  /** What to do about it, if that is known. */
  readonly hint: string | undefined;

  constructor(status: number, text: string, retryAfterMs: number, hint?: string) {
    const problem = readProblem(text);
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.text = text;
    this.retryAfterMs = retryAfterMs;
    this.hint = hint;
  }
}

function readProblem(text: string): ProblemDocument | null {
  const message = frontDoorMessage(text);
  if (message !== undefined) return { detail: message };
  const body = parseJson(text);
  return isProblemDocument(body) ? body : null;
}

/** Who asks is not known, or not let in: the request did not get to the API. */
export class AccessError extends Error {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'AccessError';
  }
}

/** No answer came: whether the server got the request is not known, unless `connected` is false. */
export class UnreachableError extends Error {
  /** False when no connection was made, so that nothing can have been sent. */
  readonly connected: boolean;
  readonly retryAfterMs = 0;

  constructor(url: string, cause: unknown, advice: Advice = LOCAL_ADVICE) {
    const { connected, text } = describeNetworkError(cause);
    super(connected ? `no answer from ${url}: ${text}` : `cannot reach ${url}: ${text}; ${advice.unreachable}`, {
      cause,
    });
    this.name = 'UnreachableError';
    this.connected = connected;
  }
}

/** Something answered that is not the API. */
export class ForeignAnswerError extends Error {
  constructor(url: string, status: number, advice: Advice = LOCAL_ADVICE) {
    super(`${url} answered HTTP ${status} with something that is not from Millrace; ${advice.foreign}`);
    this.name = 'ForeignAnswerError';
  }
}

/** Repeating the same request can help. */
export function isRetryable(error: unknown): error is ApiError | UnreachableError {
  if (error instanceof UnreachableError) return true;
  if (!(error instanceof ApiError)) return false;
  return error.status === 408 || error.status === 429 || (error.status >= 500 && error.status !== 501);
}

const NETWORK_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
};

function describeNetworkError(error: unknown): { readonly connected: boolean; readonly text: string } {
  const code = types.isNativeError(error) && 'code' in error ? String(error.code) : '';
  const known = NETWORK_ERRORS[code];
  return { connected: known === undefined, text: known ?? errorText(error) };
}

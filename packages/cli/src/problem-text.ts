/** Refusals of the API, for people. */

import type { Problem } from './api-shapes.ts';
import type { ApiError } from './client-errors.ts';
import { cleanText } from './term/format.ts';

/** `$.messageId is missing; expected 1 to 128 printable ASCII characters` */
export function describeProblem(problem: Problem): string {
  const fault = cleanText(`${problem.path} ${problem.message}`);
  return problem.expected === undefined ? fault : `${fault}; expected ${cleanText(problem.expected)}`;
}

/** What was refused and why: one line, then a line for every problem. */
export function describeApiError(error: ApiError): string[] {
  const { title, problems = [] } = error.problem ?? {};
  // The detail names the first of the problems, which are listed anyway.
  const first = problems.length > 0 && title !== undefined ? firstLine(error, title) : describeApiErrorShortly(error);
  return [first, ...problems.map((problem) => `  ${describeProblem(problem)}`)];
}

/** One line of it. */
export function describeApiErrorShortly(error: ApiError): string {
  return firstLine(error, error.problem?.detail ?? error.problem?.title ?? 'the server gave no reason');
}

function firstLine(error: ApiError, why: string): string {
  const hint = error.hint === undefined ? '' : `; ${error.hint}`;
  return `${cleanText(why)} (HTTP ${error.status})${hint}`;
}

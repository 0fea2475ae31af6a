/**
 * What is wrong with a request: every problem, where it is, and what was expected there.
 */

import type * as z from 'zod/mini';

export interface Problem {
  /** JSON path (`$.headers["x-y"]`), or `?name` of a query parameter. */
  readonly path: string;
  /** What is wrong, in words that follow the path. */
  readonly message: string;
  readonly expected?: string;
}

/** Most problems listed of one value: an input made of mistakes must not come back as an answer many times its size. */
const MAX_PROBLEMS = 1_000;

type PathOf = (path: readonly PropertyKey[]) => string;

/** The problems that a schema found in a value read with `reportInput`, in the order of the schema. */
export function problemsOf(error: z.core.$ZodError, pathOf: PathOf = jsonPath): Problem[] {
  const problems = error.issues.flatMap((issue) => problemsOfIssue(issue, pathOf));
  return firstProblems(problems, MAX_PROBLEMS, pathOf([]));
}

/** As many problems as there may be, and how many more there are of the value at `path`. */
export function firstProblems(problems: readonly Problem[], most: number, path = '$'): Problem[] {
  const more = problems.length - most;
  return more <= 0 ? [...problems] : [...problems.slice(0, most), problem(path, `has ${more} more problems`)];
}

function problemsOfIssue(issue: z.core.$ZodIssue, pathOf: PathOf): Problem[] {
  const { path, message: expected } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem(pathOf([...path, key]), 'is not a known field', expected));
  }
  if (issue.code === 'custom' && issue.params !== undefined) {
    return [problem(pathOf(path), issue.params['fault'], issue.params['expected'])];
  }
  const fault = issue.code === 'invalid_type' ? `is ${kindOf(issue.input)}` : faultOfContent(issue.input);
  return [problem(pathOf(path), fault, expected)];
}

function problem(path: string, message: string, expected?: string): Problem {
  return expected === undefined ? { path, message } : { path, message, expected };
}

/** Characters of a value that a problem repeats. */
export const QUOTED_LENGTH = 40;

/** A value of the right type can still be the wrong one. */
function faultOfContent(value: unknown): string {
  if (Array.isArray(value)) return `has ${value.length} items`;
  if (typeof value !== 'string') return `is ${kindOf(value)}`;
  if (value === '') return 'is empty';
  return value.length <= QUOTED_LENGTH ? `is ${JSON.stringify(value)}` : `has ${value.length} characters`;
}

/** What kind of JSON value it is, in words that follow "is". */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return 'a string';
  return Array.isArray(value) ? 'an array' : 'an object';
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Characters of a path: a request may have names of megabytes, an answer that repeats them may not. */
const MAX_PATH = 500;

/** The JSON path (RFC 9535, normalised where a name needs quotes) from `root` to a part of it; `…` ends a cut one. */
export function jsonPath(path: readonly PropertyKey[], root = '$'): string {
  let text = root;
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += PLAIN_NAME.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(part)}]`;
    if (text.length > MAX_PATH) return `${text.slice(0, MAX_PATH)}…`;
  }
  return text;
}

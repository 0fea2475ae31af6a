/**
 * Checks requests against schemas; a request with anything wrong is answered with everything that is.
 */

import * as z from 'zod/mini';
import { invalidRequest } from './problem-document.ts';
import { type Problem, problemsOf } from './problems.ts';

/** @throws ProblemError 400 with every problem */
export function validate<S extends z.core.$ZodType>(schema: S, value: unknown): z.output<S> {
  const result = z.safeParse(schema, value, { reportInput: true });
  if (result.success) return result.data;
  throw invalidRequest(problemsOf(result.error));
}

/**
 * Checks the parts of a path that have names.
 * @throws ProblemError 400 with every problem, under paths such as `{senderId}`
 */
export function validatePath<S extends z.core.$ZodType>(schema: S, parts: object): z.output<S> {
  const result = z.safeParse(schema, parts, { reportInput: true });
  if (result.success) return result.data;
  throw invalidRequest(problemsOf(result.error, ([name = '']) => `{${String(name)}}`));
}

/** @throws ProblemError 400 with every problem, under paths such as `?limit` */
export function validateQuery<S extends z.core.$ZodType>(schema: S, url: string): z.output<S> {
  const parameters = new URL(url).searchParams;
  const repeated = findRepeated(parameters);
  const result = z.safeParse(schema, Object.fromEntries(parameters), { reportInput: true });
  if (result.success && repeated.length === 0) return result.data;
  const problems = result.success ? [] : problemsOf(result.error, ([name = '']) => `?${String(name)}`);
  throw invalidRequest([...repeated, ...problems]);
}

function findRepeated(parameters: URLSearchParams): Problem[] {
  const names = [...parameters.keys()];
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return [...new Set(repeated)].map((name) => ({
    path: `?${name}`,
    message: 'is given more than once',
    expected: 'each parameter once',
  }));
}

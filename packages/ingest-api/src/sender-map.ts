/**
 * Which principals may act for which senders:
 *
 * ```json
 * { "arn:aws:iam::123456789012:role/billing": ["billing"], "arn:aws:iam::123456789012:role/operator": ["*"] }
 * ```
 *
 * `"*"` alone means all senders. A sender whose id is `*` cannot be given to anyone by itself.
 */

import { ConfigError } from '@millrace/core';
import * as z from 'zod/mini';
import type { Caller } from './caller.ts';
import { isSession, principalOf } from './iam-principal.ts';
import { jsonPath, kindOf, type Problem, problemsOf } from './problems.ts';
import { sendersField } from './senders-field.ts';
import { readStrictJson } from './strict-json.ts';

/** Callers by the principal that they are. */
export type SenderMap = ReadonlyMap<string, Caller>;

const sendersSchema = sendersField();

const PRINCIPAL_EXPECTED = 'the ARN of a user or role, such as arn:aws:iam::123456789012:role/billing';

/**
 * @param name what the text is the value of, for the problems
 * @throws ConfigError naming every problem
 */
export function readSenderMap(text: string, name: string): SenderMap {
  const callers = new Map<string, Caller>();
  const problems = readInto(callers, text);
  if (problems.length === 0) return callers;
  throw new ConfigError(
    problems.map(
      ({ path, message, expected }) => `${name}: ${path} ${message}${expected ? `; expected ${expected}` : ''}`,
    ),
  );
}

function readInto(callers: Map<string, Caller>, text: string): readonly Problem[] {
  const json = readStrictJson(text);
  if ('problem' in json) return [json.problem];
  const { value } = json;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path: '$', message: `is ${kindOf(value)}`, expected: 'an object of principals and their senders' }];
  }
  const seen = new Set<string>();
  return Object.entries(value).flatMap(([arn, senders]) => {
    const path = jsonPath([arn]);
    const principal = isSession(arn) ? undefined : principalOf(arn);
    if (principal === undefined) return [{ path, message: 'is not a principal', expected: PRINCIPAL_EXPECTED }];
    if (seen.has(principal)) {
      return [
        { path, message: `is ${principal} again`, expected: 'each principal once (paths of roles do not count)' },
      ];
    }
    seen.add(principal);
    const result = z.safeParse(sendersSchema, senders, { reportInput: true });
    if (!result.success) return problemsOf(result.error, (within) => jsonPath(within, path));
    callers.set(principal, { name: principal, senders: result.data });
    return [];
  });
}

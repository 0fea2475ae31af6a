/**
 * Is the API alive, and can it do its work?
 */

import type { HealthProblem, MessageStore } from '@millrace/core';
import type { Handler } from 'hono';
import { ProblemError } from './problem-document.ts';

/** Asks a part what keeps it from working. */
export type HealthCheck = () => Promise<readonly HealthProblem[]>;

/** `GET /health` */
export const getHealth: Handler = (c) => c.json({ status: 'ok' });

/** `GET /health/ready`: names every part that does not work. */
export function getReadiness(store: Pick<MessageStore, 'health'>, readiness?: HealthCheck): Handler {
  const checks: readonly HealthCheck[] = [() => store.health(), ...(readiness ? [readiness] : [])];
  return async (c) => {
    const parts = (await Promise.all(checks.map((check) => check()))).flat();
    if (parts.length === 0) return c.json({ status: 'ready' });
    const detail = parts.map((problem) => `${problem.part}: ${problem.detail}`).join('; ');
    throw new ProblemError('unavailable', 503, { detail, members: { parts }, headers: { 'retry-after': '1' } });
  };
}

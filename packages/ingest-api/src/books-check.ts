import type { Clock, HealthProblem } from '@millrace/core';
import { errorMessage } from '@millrace/core';
import type { HealthCheck } from './health-handlers.ts';

/** What the last look at the books found. */
export interface BooksReport {
  /** Epoch milliseconds. */
  readonly asOf: number;
  /** Messages that were accepted and are not there. */
  readonly missing: number;
  /** Messages that should have moved long ago. */
  readonly overdue: number;
}

/** The accounting runs every hour: two that did not come are a fault. */
const OLD_MS = 150 * 60_000;

/**
 * Does the accounting add up, do messages move, and is the accounting itself alive? A system whose accounting has not
 * run yet is given the time.
 */
export function createBooksCheck(readReport: () => Promise<BooksReport | undefined>, clock: Clock): HealthCheck {
  return async () => {
    try {
      const report = await readReport();
      return report === undefined ? [] : problemsOf(report, clock.now());
    } catch (error) {
      return [{ part: 'accounting', detail: errorMessage(error) }];
    }
  };
}

function problemsOf({ asOf, missing, overdue }: BooksReport, now: number): HealthProblem[] {
  const problems: HealthProblem[] = [];
  const add = (part: string, detail: string): void => void problems.push({ part, detail });
  const ageMs = now - asOf;
  if (ageMs > OLD_MS) add('accounting', `it ran last ${Math.round(ageMs / 60_000)} minutes ago`);
  if (missing > 0) add('accounting', `${missing} messages were accepted and are not there`);
  if (overdue > 0) add('delivery', `${overdue} messages should have moved long ago`);
  return problems;
}

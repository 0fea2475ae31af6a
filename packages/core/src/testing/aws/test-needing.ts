/** Tests that need what a backend may lack: those that it cannot run are printed by name after the suite. */

import { afterAll, test } from '@jest/globals';

/** Something that tests run on. */
export interface Backend {
  readonly name: string;
  /** What it lacks, each by the name under which tests ask for it. */
  readonly lacks: readonly string[];
}

/**
 * Declares a test that needs something; on a backend that lacks it, it is reported as not run.
 *
 * @param timeoutMs Jest's own without it
 */
export function testNeeding(
  backend: Backend,
  need: string,
  title: string,
  run: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  if (!backend.lacks.includes(need)) {
    test(title, run, timeoutMs);
    return;
  }
  afterAll(() => {
    process.stderr.write(`not run on ${backend.name}, which lacks ${need}: ${title}\n`);
  });
}

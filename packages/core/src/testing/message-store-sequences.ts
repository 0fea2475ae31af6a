/** Any order of events keeps what the store promises: model-based. */

import { test } from '@jest/globals';
import fc from 'fast-check';
import { acceptAll, commandSequences, type SequenceOptions } from './message-store-commands.ts';
import type { OpenHarness } from './message-store-harness.ts';
import { drain } from './message-store-workers.ts';
import { createWorld } from './message-store-world.ts';
import { withHarness } from './use-harness.ts';

const RUNS = 100;
const TIMEOUT_MS = 120_000;

export function describeSequences(
  open: OpenHarness,
  { maxCommands = 40, workers = 2 }: Partial<SequenceOptions>,
): void {
  test(
    `with ${workers} workers, after any sequence of accepts, claims, results, crashes, clock jumps and replays the store agrees with the model, and every message can end`,
    () =>
      fc.assert(
        fc.asyncProperty(commandSequences({ maxCommands, workers }), (commands) =>
          withHarness(open, async (h) => {
            const world = createWorld(h, workers);
            await acceptAll(world);
            await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
            await drain(world);
          }),
        ),
        { numRuns: RUNS },
      ),
    TIMEOUT_MS,
  );
}

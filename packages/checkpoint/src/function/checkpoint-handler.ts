/** The function: an event becomes a run, and what came of it the answer. */

import { type Clock, checkpointFields, errorFields, type LogLines, type Metrics } from '@millrace/core';
import { objectsBelow } from '../maintenance/objects-below.ts';
import type { CheckpointDeps, CheckpointObjects } from '../run/checkpoint-deps.ts';
import { runCheckpoint } from '../run/run-checkpoint.ts';
import { countFailedRun, countRun } from '../run/run-metrics.ts';
import { parseCheckpointRequest, type RequestDefaults } from './checkpoint-request.ts';
import { type CheckpointResponse, refuseRequest, toResponse } from './checkpoint-response.ts';

export interface CheckpointHandlerDeps extends Pick<CheckpointDeps, 'newRunId' | 'wait'> {
  readonly defaults: RequestDefaults;
  readonly concurrency: number;
  readonly clock: Clock;
  /** Objects of a bucket whose keys begin with the prefix, without it. Closed at the end of the invocation. */
  readonly openSource: (bucket: string, prefix: string) => CheckpointDeps['source'] & { close(): Promise<void> };
  readonly openBucket: (bucket: string) => CheckpointObjects;
  readonly lines: LogLines;
  readonly metrics: Metrics;
}

/** What Lambda tells of an invocation. */
interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export type CheckpointHandler = (event: unknown, context: InvocationContext) => Promise<CheckpointResponse>;

/**
 * An event that cannot be used is answered, with every problem. Whatever keeps a run from its work is thrown, as
 * `runCheckpoint` throws it: the invocation fails, and so its alarm tells.
 */
export function createCheckpointHandler(deps: CheckpointHandlerDeps): CheckpointHandler {
  const { defaults, concurrency, clock, newRunId, wait, openSource, openBucket, lines, metrics } = deps;
  return async (event, context) => {
    const request = parseCheckpointRequest(event, defaults);
    if (!('dataset' in request)) return refuseRequest(request);
    const { dataset, checkpointPrefix, since } = request;
    const source = openSource(request.sourceBucket, request.sourcePrefix);
    const target = objectsBelow(openBucket(request.checkpointBucket), checkpointPrefix);
    try {
      const report = await runCheckpoint(
        { dataset, source, target, clock, newRunId, wait, concurrency },
        { since, remainingMs: () => context.getRemainingTimeInMillis() },
      );
      countRun(metrics, report);
      const isAll = report.failures.length === 0 && report.objects.pending === 0;
      lines.say(isAll ? 'checkpoint.folded' : 'checkpoint.failed', checkpointFields(report));
      return toResponse(report, checkpointPrefix);
    } catch (error) {
      countFailedRun(metrics, dataset.name);
      lines.say('checkpoint.failed', errorFields(error));
      throw error;
    } finally {
      await source.close();
    }
  };
}

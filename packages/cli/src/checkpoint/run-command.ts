import { type RunProgress, type RunReport, runCheckpoint } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import { Interrupt, type Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { formatAmount } from '../term/format.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';
import { reportJson } from './run-json.ts';
import { createRunProgress } from './run-progress.ts';
import { renderRun } from './run-text.ts';

/** @throws ConfigError, ExitError, and what the engine and the stores throw */
export async function runCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, true, io);
  let reached: RunProgress = { listed: 0, found: 0, read: 0, folded: 0 };
  const shown = createRunProgress();
  const onListed = shown.onListed;
  const report = await withCheckpoint(plan, { io, effects, writes: true, onListed }, async ({ deps, progress }) => {
    try {
      return await runCheckpoint(deps, {
        since: plan.since,
        listing: { full: flags.full === true },
        patienceMs: plan.patienceMs,
        // The run ends in good order: what has been read is written.
        remainingMs: () => (io.signal.aborted ? 0 : Number.POSITIVE_INFINITY),
        onProgress(now) {
          reached = now;
          shown.onProgress(now, progress);
        },
      });
    } catch (error) {
      throw error instanceof Interrupt && error.by !== 'closed' ? cutOff(flags, io, reached) : error;
    }
  });
  if (flags.json === true) writeJson(io, reportJson(report));
  else io.stdout.write(renderRun(io, report));
  end(report, io);
}

/** It was waiting or listing: there is no report of what the run would have done. */
function cutOff(flags: CheckpointFlags, io: Io, reached: RunProgress): ExitError {
  if (flags.json === true) writeJson(io, { complete: false, interrupted: true, progress: reached });
  const folded = formatAmount(reached.folded, 'event');
  return new ExitError(
    EXIT.interrupted,
    `interrupted before everything was listed: ${folded} folded, the next run folds the rest`,
  );
}

/** @throws ExitError when not everything that is new is folded */
function end(report: RunReport, io: Io): void {
  const { complete, objects, failures } = report;
  if (!complete && io.signal.aborted) {
    if (io.signal.reason instanceof Interrupt && io.signal.reason.by === 'closed') throw io.signal.reason;
    const left = formatAmount(objects.left, 'object');
    throw new ExitError(EXIT.interrupted, `interrupted: at least ${left} left for the next run`);
  }
  if (complete && failures.length === 0 && objects.pending === 0) return;
  throw new ExitError(isNothingDone(report) ? EXIT.failed : EXIT.partial, describeRest(report));
}

/** Everything that was new could neither be folded nor refused for good. */
function isNothingDone({ events, failures, groups }: RunReport): boolean {
  const isTransient = failures.some(({ kind }) => kind === 'transport' || kind === 'group');
  return events.folded === 0 && groups.length === 0 && isTransient && failures.every(({ kind }) => kind !== 'content');
}

function describeRest({ objects, failures, failuresLeftOut }: RunReport): string {
  const failed = failures.length + failuresLeftOut;
  const parts = [
    ...(failed === 0 ? [] : [formatAmount(failed, 'failure')]),
    ...(objects.pending === 0 ? [] : [`${formatAmount(objects.pending, 'object')} kept for the next run`]),
    ...(objects.left === 0 ? [] : [`${formatAmount(objects.left, 'object')} left`]),
  ];
  return `done in part: ${parts.join(', ')}`;
}

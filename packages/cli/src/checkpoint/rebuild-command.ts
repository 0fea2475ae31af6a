import { type RebuildReport, rebuildCheckpoint } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import { Interrupt, type Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText, formatAmount, formatCount } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';
import { reportJson } from './run-json.ts';
import { createRunProgress } from './run-progress.ts';
import { renderFailures, widthOf } from './run-text.ts';

/** @throws ConfigError, RebuildLossError, RebuildIncompleteError, ExitError, and what the engine and the stores throw */
export async function rebuildCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, true, io);
  const shown = createRunProgress();
  const { onListed } = shown;
  const report = await withCheckpoint(plan, { io, effects, writes: true, onListed }, async ({ deps, progress }) => {
    try {
      return await rebuildCheckpoint(deps, {
        acceptLoss: flags.acceptLoss === true,
        patienceMs: plan.patienceMs,
        onProgress(now) {
          // Only while sources are read: what is being put in place is brought to its end.
          io.signal.throwIfAborted();
          shown.onProgress(now, progress);
        },
      });
    } catch (error) {
      if (!(error instanceof Interrupt) || error.by === 'closed') throw error;
      throw new ExitError(EXIT.interrupted, 'interrupted: the checkpoint is as it was');
    }
  });
  if (flags.json === true) writeJson(io, { ...report, run: reportJson(report.run) });
  else io.stdout.write(renderRebuild(io, report));
  const { failures, failuresLeftOut } = report.run;
  if (failures.length === 0) return;
  const failed = formatAmount(failures.length + failuresLeftOut, 'object');
  throw new ExitError(EXIT.partial, `done in part: ${failed} with events that are not valid`);
}

function renderRebuild(io: Io, { run, files }: RebuildReport): string {
  const style = styleFor(io.stdout, io.env);
  const count = (rows: number | undefined): string => (rows === undefined ? '-' : formatCount(rows));
  const table = renderTable<RebuildReport['files'][number]>(
    [
      { title: 'FILE', text: ({ path }) => cleanText(path), shrink: { to: 30, keep: 'ends', order: 0 } },
      { title: 'ROWS BEFORE', text: ({ rowsBefore }) => count(rowsBefore), align: 'right' },
      { title: 'ROWS', text: ({ rows }) => count(rows), align: 'right' },
    ],
    files,
    { width: widthOf(io), paintTitle: (title) => style('bold', title) },
  );
  const made = `made anew of ${formatAmount(run.objects.read, 'object')}: ${formatAmount(run.totalEvents, 'event')}\n`;
  return [files.length === 0 ? '' : table, made, ...renderFailures(run)].join('');
}

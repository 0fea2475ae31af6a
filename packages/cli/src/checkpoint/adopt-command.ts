import { type AdoptReport, adoptCheckpoint } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import { Interrupt, type Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText, formatAmount, formatCount } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';
import { widthOf } from './run-text.ts';

/** @throws ConfigError, PartlyFoldedError, GroupFileError, ExitError, and what the engine and the stores throw */
export async function adoptCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, true, io);
  const report = await withCheckpoint(plan, { io, effects, writes: true }, async ({ deps, progress }) => {
    try {
      return await adoptCheckpoint(deps, {
        patienceMs: plan.patienceMs,
        onProgress({ read }) {
          io.signal.throwIfAborted();
          progress.show(() => `reading sources: ${formatAmount(read, 'object')}`);
        },
      });
    } catch (error) {
      if (!(error instanceof Interrupt) || error.by === 'closed') throw error;
      throw new ExitError(EXIT.interrupted, 'interrupted: nothing was taken in');
    }
  });
  if (flags.json === true) writeJson(io, report);
  else io.stdout.write(renderAdopt(io, report));
}

function renderAdopt(io: Io, { files, folded, left }: AdoptReport): string {
  const style = styleFor(io.stdout, io.env);
  const table = renderTable<AdoptReport['files'][number]>(
    [
      { title: 'FILE', text: ({ path }) => cleanText(path), shrink: { to: 30, keep: 'ends', order: 0 } },
      { title: 'ROWS', text: ({ rows }) => formatCount(rows), align: 'right' },
      { title: 'WITHOUT SOURCE', text: ({ withoutSource }) => formatCount(withoutSource), align: 'right' },
    ],
    files,
    { width: widthOf(io), paintTitle: (title) => style('bold', title) },
  );
  const lines = [
    `${formatAmount(files.length, 'file')} taken in: ${formatAmount(folded, 'object')} wholly in files`,
    ...(left === 0 ? [] : [`left for the next run: ${formatAmount(left, 'object')}`]),
  ];
  return (files.length === 0 ? '' : table) + lines.map((line) => `${line}\n`).join('');
}

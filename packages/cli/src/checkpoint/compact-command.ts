import { type CompactReport, compactCheckpoint } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import { Interrupt, type Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText, formatAmount, formatBytes, formatCount } from '../term/format.ts';
import { renderBar } from '../term/progress.ts';
import { styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';
import { widthOf } from './run-text.ts';

/** @throws ConfigError; ExitError when a file could not be written; and what the engine and the stores throw */
export async function compactCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, false, io);
  let reached = { done: 0, files: 0 };
  const report = await withCheckpoint(plan, { io, effects, writes: true }, async ({ deps, progress }) => {
    try {
      return await compactCheckpoint(deps, {
        all: flags.all === true,
        patienceMs: plan.patienceMs,
        onProgress(now) {
          reached = now;
          io.signal.throwIfAborted();
          progress.show(() => `${renderBar(now.done / now.files)}  compacting ${now.done + 1} of ${now.files} files`);
        },
      });
    } catch (error) {
      throw error instanceof Interrupt && error.by !== 'closed' ? cutOff(reached) : error;
    }
  });
  if (flags.json === true) writeJson(io, report);
  else io.stdout.write(renderCompact(io, report));
  const { files, failures } = report;
  if (failures.length === 0) return;
  const message = `not compacted, and left as before: ${formatAmount(failures.length, 'file')}`;
  throw new ExitError(files.length === 0 ? EXIT.failed : EXIT.partial, message);
}

function cutOff({ done, files }: { readonly done: number; readonly files: number }): ExitError {
  return new ExitError(EXIT.interrupted, `interrupted: left as before: ${formatAmount(files - done, 'file')}`);
}

function renderCompact(io: Io, { files, failures }: CompactReport): string {
  const style = styleFor(io.stdout, io.env);
  const written = files.filter(({ isWritten }) => isWritten);
  const table = renderTable<CompactReport['files'][number]>(
    [
      { title: 'FILE', text: ({ path }) => cleanText(path), shrink: { to: 30, keep: 'ends', order: 0 } },
      { title: 'ROWS', text: ({ rows }) => formatCount(rows), align: 'right' },
      { title: 'BEFORE', text: ({ bytesBefore }) => formatBytes(bytesBefore), align: 'right' },
      { title: 'SIZE', text: ({ bytes }) => formatBytes(bytes), align: 'right' },
    ],
    written,
    { width: widthOf(io), paintTitle: (title) => style('bold', title) },
  );
  const lines = [
    `${formatAmount(written.length, 'file')} written anew, ${formatCount(files.length - written.length)} good as they are`,
    ...failures.map(({ path, reason }) => `${cleanText(path)}: ${cleanText(reason)}`),
  ];
  return (written.length === 0 ? '' : table) + lines.map((line) => `${line}\n`).join('');
}

import { type FileVerdict, type VerifyReport, verifyCheckpoint } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText, formatAmount, formatCount } from '../term/format.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';

/** @throws ConfigError; ExitError when something differs; and what the engine and the stores throw */
export async function verifyCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, true, io);
  const report = await withCheckpoint(plan, { io, effects, writes: false }, ({ deps, progress }) =>
    verifyCheckpoint(deps, {
      onProgress({ read }) {
        io.signal.throwIfAborted();
        progress.show(() => `reading sources: ${formatAmount(read, 'object')}`);
      },
    }),
  );
  if (flags.json === true) writeJson(io, report);
  else io.stdout.write(renderVerify(report));
  if (!report.ok) throw new ExitError(EXIT.failed, 'the files are not what the sources say');
}

function renderVerify({ ok, objects, files }: VerifyReport): string {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const { folded, fresh, pending, vanished } = objects;
  const differing = files.flatMap((file) => describeFile(file));
  return [
    `${formatAmount(rows, 'row')} in ${formatAmount(files.length, 'file')}, ${formatAmount(folded, 'object')} folded`,
    ...(fresh === 0 ? [] : [`not folded yet: ${formatAmount(fresh, 'object')}`]),
    ...(pending === 0 ? [] : [`waiting: ${formatAmount(pending, 'object')}`]),
    ...(vanished === 0 ? [] : [`folded, and no longer there: ${formatAmount(vanished, 'object')}`]),
    ...differing,
    ...(ok ? ['every row has its source, and every source its rows'] : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function describeFile({ path, missing, missingFrom, withoutSource, problem }: FileVerdict): readonly string[] {
  const name = cleanText(path);
  const from = missingFrom.map(cleanText).join(', ');
  const more = missing > missingFrom.length ? ', …' : '';
  return [
    ...(problem === undefined ? [] : [`${name}: ${cleanText(problem)}`]),
    ...(missing === 0 ? [] : [`${name} lacks ${formatAmount(missing, 'row')}, of ${from}${more}`]),
    ...(withoutSource === 0 ? [] : [`${name} has ${formatCount(withoutSource)} rows without a source`]),
  ];
}

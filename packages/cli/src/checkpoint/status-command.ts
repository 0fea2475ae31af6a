import { type CheckpointStatus, checkpointStatus } from '@millrace/checkpoint';
import type { Effects } from '../effects.ts';
import type { Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText, formatAmount, formatBytes, formatCount } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';
import { type CheckpointFlags, readCheckpointPlan } from './checkpoint-plan.ts';
import { withCheckpoint } from './checkpoint-session.ts';
import { instantOfMs, instantText } from './instants.ts';
import { widthOf } from './run-text.ts';

const MOST_PENDING = 20;

/** @throws ConfigError, CheckpointMissingError, CorruptStateError, and what the stores throw */
export async function statusCommand(flags: CheckpointFlags, io: Io, effects: Effects): Promise<void> {
  const plan = readCheckpointPlan(flags, false, io);
  const status = await withCheckpoint(plan, { io, effects, writes: false }, ({ deps }) => checkpointStatus(deps));
  if (flags.json === true) writeJson(io, statusJson(status));
  else io.stdout.write(renderStatus(io, status));
}

function statusJson(status: CheckpointStatus): object {
  const { lastTimestamp, lastFullListing, sweep, lease, pending } = status;
  return {
    ...status,
    lastTimestamp: lastTimestamp === null ? null : instantText(lastTimestamp),
    lastFullListing: lastFullListing === null ? null : instantOfMs(lastFullListing),
    sweep: sweep && { ...sweep, startedAt: instantOfMs(sweep.startedAt) },
    lease: lease === null ? null : { ...lease, until: instantOfMs(lease.until) },
    pending: pending.map(({ key, etag, groups, reason, since }) => ({
      ...{ key, etag, reason, since: instantOfMs(since) },
      ...(groups === undefined ? {} : { files: groups }),
    })),
  };
}

function renderStatus(io: Io, status: CheckpointStatus): string {
  const { files, rows, objects, lastTimestamp, lastFullListing, sweep } = status;
  const { pending, lease, interruptedRun, isRebuilding } = status;
  const style = styleFor(io.stdout, io.env);
  const table = renderTable<CheckpointStatus['files'][number]>(
    [
      { title: 'FILE', text: ({ path }) => cleanText(path), shrink: { to: 30, keep: 'ends', order: 0 } },
      { title: 'ROWS', text: (file) => formatCount(file.rows), align: 'right' },
      { title: 'SIZE', text: ({ bytes }) => formatBytes(bytes), align: 'right' },
    ],
    files,
    { width: widthOf(io), paintTitle: (title) => style('bold', title) },
  );
  const newest = lastTimestamp === null ? '' : `, the newest of ${instantText(lastTimestamp)}`;
  const taken = `${formatAmount(objects.taken, 'object')} taken in, ${formatCount(objects.refused)} without valid events`;
  const lines = [
    `${status.dataset}: ${formatAmount(rows, 'event')} in ${formatAmount(files.length, 'file')}${newest}`,
    `${taken}, ${formatCount(objects.gone)} deleted before they could be read`,
    ...(lastFullListing === null ? [] : [`everything was last listed at ${instantOfMs(lastFullListing)}`]),
    ...(sweep === null
      ? []
      : [
          `a listing of everything since ${instantOfMs(sweep.startedAt)} has come to ${formatAmount(sweep.objects, 'object')}`,
        ]),
    ...(lease === null ? [] : [`run ${lease.owner} is at work, until ${instantOfMs(lease.until)} at the latest`]),
    ...(interruptedRun === null ? [] : [`run ${interruptedRun} was cut off: the next one brings it to its end`]),
    ...(isRebuilding ? ['a rebuild was cut off: millrace checkpoint rebuild brings it to its end'] : []),
    ...renderPending(pending),
  ];
  return (files.length === 0 ? '' : table) + lines.map((line) => `${line}\n`).join('');
}

function renderPending(pending: CheckpointStatus['pending']): readonly string[] {
  if (pending.length === 0) return [];
  const shown = pending
    .slice(0, MOST_PENDING)
    .map(({ key, reason, since }) => `  ${cleanText(key)} since ${instantOfMs(since)}: ${cleanText(reason)}`);
  const more = pending.length - shown.length;
  return [
    `${formatAmount(pending.length, 'object')} waiting:`,
    ...shown,
    ...(more > 0 ? [`  … and ${formatCount(more)} more: --json names them`] : []),
  ];
}

/** A report of a run, for people. */

import type { Failure, GroupReport, RunReport } from '@millrace/checkpoint';
import type { Io } from '../io.ts';
import { cleanText, formatAmount, formatBytes, formatCount, formatDuration } from '../term/format.ts';
import { styleFor } from '../term/style.ts';
import { renderTable } from '../term/table.ts';
import { instantText } from './instants.ts';

const MOST_FAILURES = 20;
/** Of an object that has many. */
const MOST_REASONS = 3;

export function renderRun(io: Io, report: RunReport): string {
  const { objects, events, groups } = report;
  const lines = [
    `read ${formatAmount(objects.read, 'object')} of ${formatCount(objects.listed)} listed, folded ${formatAmount(events.folded, 'event')} in ${formatDuration(report.executionMs)}`,
    describeTotal(report),
    ...counted('ignored', 'object', objects.ignored),
    ...counted('left out', 'event', events.filtered),
    ...(events.invalid === 0 ? [] : [`not valid: ${formatAmount(events.invalid, 'event')}`]),
    ...(objects.gone === 0 ? [] : [`deleted before they could be read: ${formatAmount(objects.gone, 'object')}`]),
    ...(report.fullListing ? [] : ['listed what is recent; --full lists everything']),
  ];
  const table = groups.length === 0 ? '' : renderGroups(io, groups);
  return [table, ...lines.map((line) => `${line}\n`), ...renderFailures(report)].join('');
}

function describeTotal({ totalEvents, lastTimestamp }: RunReport): string {
  const newest = lastTimestamp === null ? '' : `, the newest of ${instantText(lastTimestamp)}`;
  return `in all ${formatAmount(totalEvents, 'event')}${newest}`;
}

function counted(what: string, noun: string, counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts).map(([reason, count]) => `${what}: ${formatAmount(count, noun)}, ${cleanText(reason)}`);
}

function renderGroups(io: Io, groups: readonly GroupReport[]): string {
  const style = styleFor(io.stdout, io.env);
  return renderTable<GroupReport>(
    [
      { title: 'FILE', text: ({ path }) => cleanText(path), shrink: { to: 30, keep: 'ends', order: 0 } },
      { title: 'ADDED', text: ({ added }) => formatCount(added), align: 'right' },
      { title: 'ROWS', text: ({ rows }) => formatCount(rows), align: 'right' },
      { title: 'SIZE', text: ({ bytes }) => formatBytes(bytes), align: 'right' },
    ],
    groups.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    { width: widthOf(io), paintTitle: (title) => style('bold', title) },
  );
}

/** Of the terminal; undefined when it is none. */
export function widthOf({ stdout }: Io): number | undefined {
  return stdout.isTTY === true ? (stdout.columns ?? 80) : undefined;
}

export function* renderFailures({ failures, failuresLeftOut }: RunReport): Generator<string> {
  for (const failure of failures.slice(0, MOST_FAILURES)) yield `${describeFailure(failure)}\n`;
  const more = failures.length - MOST_FAILURES + failuresLeftOut;
  if (more > 0) yield `… and ${formatAmount(more, 'more failure')}: --json names them\n`;
}

function describeFailure({ kind, key, reasons }: Failure): string {
  const shown = reasons.slice(0, MOST_REASONS).map(cleanText);
  const more = reasons.length - shown.length;
  return `${kind}: ${cleanText(key)}: ${shown.join('; ')}${more > 0 ? `; and ${formatCount(more)} more` : ''}`;
}

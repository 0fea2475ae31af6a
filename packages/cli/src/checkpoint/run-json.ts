import type { RunReport } from '@millrace/checkpoint';
import { instantText } from './instants.ts';

/** A report of a run, for programs. */
export function reportJson(report: RunReport): object {
  const { lastTimestamp } = report;
  return { ...report, lastTimestamp: lastTimestamp === null ? null : instantText(lastTimestamp) };
}

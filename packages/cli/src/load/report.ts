/**
 * What a run came to, as numbers and as text.
 */

import { EXIT, type ExitCode } from '../exit.ts';
import { cleanText, formatCount, shortenEnd } from '../term/format.ts';
import type { LoadPlan } from './plan.ts';
import type { LoadResult } from './run.ts';
import type { Tally } from './tally.ts';

/** The output of `millrace load --json`. Times of requests are in milliseconds. */
export interface LoadReport {
  readonly url: string;
  readonly loop: 'open' | 'closed';
  readonly connections: number;
  readonly seconds: number;
  readonly requests: number;
  readonly messages: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: number;
  /** Due and not sent when the run ended: the connections, or the generator, could not keep the rate. */
  readonly unsent: number;
  readonly requestsPerSecond: number;
  readonly messagesPerSecond: number;
  /** From when a request was due to its answer. */
  readonly latencyMs: Percentiles;
  /** From when a request was due to when it was sent; part of the latency. */
  readonly latenessMs: Percentiles;
  /** Refused messages by HTTP status, result of an item, or code of a connection error. */
  readonly errors: Readonly<Record<string, { readonly messages: number; readonly example: string }>>;
  readonly interrupted: boolean;
}

interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export function reportOf(plan: LoadPlan, result: LoadResult): LoadReport {
  const { tally } = result;
  const seconds = result.elapsedMs / 1_000;
  return {
    url: plan.url.href,
    loop: plan.schedule.intervalMs === 0 ? 'closed' : 'open',
    connections: plan.connections,
    seconds,
    requests: tally.requests,
    messages: tally.messages,
    accepted: tally.accepted,
    duplicates: tally.duplicates,
    refused: tally.refused(),
    unsent: result.unsent,
    requestsPerSecond: perSecond(tally.requests, seconds),
    messagesPerSecond: perSecond(tally.messages, seconds),
    latencyMs: percentilesOf(tally.latency),
    latenessMs: percentilesOf(tally.lateness),
    errors: Object.fromEntries(tally.refusals),
    interrupted: result.interrupted,
  };
}

function perSecond(count: number, seconds: number): number {
  return seconds === 0 ? 0 : count / seconds;
}

function percentilesOf(histogram: Tally['latency']): Percentiles {
  return {
    p50: histogram.percentile(50),
    p90: histogram.percentile(90),
    p99: histogram.percentile(99),
    max: histogram.max,
  };
}

/** Of a run that was not interrupted: 1 when no message was taken, 3 when some were refused, else 0. */
export function exitCodeOf(result: LoadResult): ExitCode {
  const { accepted, duplicates } = result.tally;
  if (accepted + duplicates === 0) return EXIT.failed;
  return result.tally.refused() > 0 ? EXIT.partial : EXIT.done;
}

const EXAMPLE_WIDTH = 100;

/** The report for people. */
export function formatReport(report: LoadReport): string {
  const { latencyMs, latenessMs } = report;
  const lines = [
    row('requests', count(report.requests), `${count(report.requestsPerSecond)}/s`),
    row('messages', count(report.messages), `${count(report.messagesPerSecond)}/s`),
    row('accepted', count(report.accepted)),
    row('duplicates', count(report.duplicates)),
    row('refused', count(report.refused)),
    ...Object.entries(report.errors).map(([said, { messages, example }]) =>
      row(`  ${cleanText(said)}`, count(messages), shortenEnd(cleanText(example), EXAMPLE_WIDTH)),
    ),
    '',
    `  latency     ${times(latencyMs)}`,
  ];
  if (report.loop === 'open') lines.push(`  sent late   ${times(latenessMs)}`);
  if (report.unsent > 0) {
    lines.push('', `  ${count(report.unsent)} messages were due and not sent: the rate was not kept.`);
  }
  const loop = report.loop === 'open' ? 'open loop' : `closed loop, ${report.connections} connections`;
  return `${report.url}: ${loop}, ${report.seconds.toFixed(1)} s\n\n${lines.join('\n')}\n`;
}

/** One line while the run goes on. */
export function formatProgress(tally: Tally, elapsedMs: number): string {
  const rate = count(perSecond(tally.messages, elapsedMs / 1_000));
  const refused = tally.refused() === 0 ? '' : `  ${count(tally.refused())} refused`;
  const p99 = milliseconds(tally.latency.percentile(99));
  return `${(elapsedMs / 1_000).toFixed(0)} s  ${count(tally.messages)} messages  ${rate}/s  p99 ${p99}${refused}`;
}

function row(name: string, value: string, note = ''): string {
  return `  ${name.padEnd(12)}${value.padStart(12)}   ${note}`.trimEnd();
}

function times({ p50, p90, p99, max }: Percentiles): string {
  const named = { p50, p90, p99, max };
  return Object.entries(named)
    .map(([name, ms]) => `${name} ${milliseconds(ms)}`)
    .join('   ');
}

function count(value: number): string {
  return formatCount(Math.round(value));
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

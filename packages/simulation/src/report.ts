/** What a run says of itself, for people. */

import type { Coverage } from './coverage.ts';
import type { Event, FaultRule, History } from './history.ts';
import type { Failure } from './simulate.ts';

export function formatCoverage(coverage: Coverage): string {
  const rows = [...coverage].sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, times]) => `  ${name.padEnd(width)} ${String(times).padStart(9)}`).join('\n');
}

export function formatFailure({ world, seed, violation, history, steps, shrinks }: Failure): string {
  return [
    `Broken: ${violation.invariant}`,
    `        ${violation.detail}`,
    `Replay: scripts/pnpm sim --world ${world} --seed ${seed}`,
    '',
    `The history, shrunk ${shrinks} times:`,
    ...formatHistory(history).map((line) => `  ${line}`),
    '',
    'What happened:',
    ...steps.map((line) => `  ${line}`),
  ].join('\n');
}

function formatHistory({ messages, outages, events, faults, system }: History): readonly string[] {
  return [
    ...messages.map((plan, index) => `m${index + 1}: ${JSON.stringify(plan)}`),
    ...outages.map((outage) => `outage: ${JSON.stringify(outage)}`),
    ...events.map(formatEvent),
    ...faults.map(formatRule),
    `system: ${JSON.stringify(system)}`,
  ];
}

function formatEvent({ at, kind, ...rest }: Event): string {
  return `after ${at / 1_000} s: ${kind} ${JSON.stringify(rest)}`;
}

function formatRule({ call, nth, times, fault }: FaultRule): string {
  return `${call} number ${nth}${times === 1 ? '' : ` to ${nth + times - 1}`}: ${fault}`;
}

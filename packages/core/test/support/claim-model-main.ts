/**
 * Runs the claim model beyond what a unit test has time for.
 *
 * usage: node packages/core/test/support/claim-model-main.ts
 *   [--workers 2] [--cap 2] [--attempts 2] [--replays 0] [--mutant NAME] [--max-states 20000000]
 *
 * Needs about half a kilobyte of memory a state. Exit code 1 when a rule is broken or a message can be lost, 2 when the
 * arguments are wrong.
 */

import { parseArgs } from 'node:util';
import type { Bounds } from './claim-model.ts';
import { MUTANTS, PROTOCOL } from './claim-mutants.ts';
import type { Report } from './claim-search.ts';
import { checkClaims } from './claim-search.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    cap: { type: 'string', default: '2' },
    attempts: { type: 'string', default: '2' },
    replays: { type: 'string', default: '0' },
    mutant: { type: 'string', default: 'none' },
    'max-states': { type: 'string', default: '20000000' },
  },
});

const protocol = new Map(Object.entries({ none: PROTOCOL, ...MUTANTS })).get(values.mutant);
const bounds: Bounds = {
  workers: Number(values.workers),
  capacity: Number(values.cap),
  maxAttempts: Number(values.attempts),
  replays: Number(values.replays),
};
const maxStates = Number(values['max-states']);

if (protocol === undefined) {
  process.stderr.write(`no mutant "${values.mutant}": one of ${Object.keys(MUTANTS).join(', ')}\n`);
  process.exitCode = 2;
} else if (![...Object.values(bounds), maxStates].every((value) => Number.isInteger(value) && value >= 0)) {
  process.stderr.write('workers, cap, attempts, replays and max-states must be whole numbers\n');
  process.exitCode = 2;
} else {
  const report = checkClaims({ protocol, bounds }, maxStates);
  process.stdout.write(`${describeReport(report)}\n`);
  process.exitCode = report.violation !== null || report.lost > 0 ? 1 : 0;
}

function describeReport({ states, violation, lost, trace }: Report): string {
  const found = violation === null ? 'no rule broken' : `broken: ${violation}`;
  const summary = `mutant ${values.mutant}: ${states} states, ${found}, ${lost} states from which the message can never end`;
  return [summary, ...trace.map((line) => `  ${line}`)].join('\n');
}

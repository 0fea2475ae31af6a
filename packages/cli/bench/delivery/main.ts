/**
 * The benchmark of the main job: receiver, Millrace and load generator as three processes on one machine, beside the
 * generator posting the same bodies straight to the receiver. It prints what it measured and asserts nothing.
 */

import { parseArgs } from 'node:util';
import { type Bench, FULL, type Measure, QUICK } from './bench.ts';
import { machineFacts } from './machine.ts';
import { backlog } from './measures/backlog.ts';
import { fairness } from './measures/fairness.ts';
import { idle } from './measures/idle.ts';
import { kill } from './measures/kill.ts';
import { large } from './measures/large.ts';
import { latency } from './measures/latency.ts';
import { overload } from './measures/overload.ts';
import { protections } from './measures/protections.ts';
import { measureReferenceRate, reference } from './measures/reference.ts';
import { batch, single } from './measures/throughput.ts';
import { printReport } from './report.ts';
import { runMeasures } from './run-measures.ts';
import { startReceiver } from './system-under-test.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

const MEASURES: Readonly<Record<string, Measure>> = {
  reference,
  idle,
  single,
  batch,
  protections,
  large,
  latency,
  fairness,
  overload,
  kill,
  backlog,
};

const USAGE = `Usage: bench:delivery [options]
  --only NAME      only this measure; may be repeated: ${Object.keys(MEASURES).join(', ')}
  --quick          a short run, to see that it works
  --json FILE      write [{name, value, unit, reference, ratio}]
  --markdown       print Markdown
  --folder DIR     where to put the temporary folder (default: the system's); its disk is what is measured
`;

interface Options {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly markdown: boolean;
  readonly folder: string | undefined;
}

/** @throws Error with a line for people */
function readOptions(argv: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      folder: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const names = values.only ?? Object.keys(MEASURES);
  const unknown = names.filter((name) => MEASURES[name] === undefined);
  if (unknown.length > 0) throw new Error(`no such measure: ${unknown.join(', ')}`);
  return { names, quick: values.quick, json: values.json, markdown: values.markdown, folder: values.folder };
}

async function createBench(workbench: Workbench, quick: boolean): Promise<Bench> {
  let nextNumber = 0;
  let referenceRate: Promise<number> | undefined;
  const bench: Bench = {
    workbench,
    receiver: await startReceiver(workbench),
    sizes: quick ? QUICK : FULL,
    reserve(count) {
      const first = nextNumber;
      nextNumber += count;
      return first;
    },
    referenceRate() {
      referenceRate ??= measureReferenceRate(bench);
      return referenceRate;
    },
    say: (text) => void process.stderr.write(`${text}\n`),
  };
  return bench;
}

async function main(options: Options): Promise<number> {
  const workbench = createWorkbench(options.folder);
  process.on('exit', () => workbench.clear());
  const facts = machineFacts(workbench.root);
  const bench = await createBench(workbench, options.quick);
  const { rows, failed, disturbances } = await runMeasures(options.names, {
    measure: (name) => MEASURES[name]?.(bench) ?? [],
    tidy: () => bench.workbench.tidy(bench.receiver.pid),
    running: [bench.receiver.pid],
    say: bench.say,
  });
  const what = `${bench.sizes.bodyBytes} bytes a body${options.quick ? '; a short run' : ''}`;
  printReport([...facts, what, ...disturbances], rows, options);
  if (failed.length > 0) bench.say(`\nfailed: ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else process.exit(await main(options));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exit(2);
}

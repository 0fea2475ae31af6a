/**
 * The benchmark of checkpoints: files written, appended to and compacted, each measure in a process of its own, beside what
 * other programs take for the same. It prints what it measured and asserts nothing but that the files are right.
 */

import { parseArgs } from 'node:util';
import { machineFacts } from '../../cli/bench/delivery/machine.ts';
import { printReport } from '../../cli/bench/delivery/report.ts';
import { runMeasures } from '../../cli/bench/delivery/run-measures.ts';
import { createWorkbench } from '../../cli/bench/delivery/workbench.ts';
import { FULL, type ParquetSizes, QUICK } from '../../parquet/bench/bench.ts';
import { createParquetBench } from '../../parquet/bench/create-bench.ts';
import { PARQUET_MEASURES } from '../../parquet/bench/measures.ts';
import { type JobSizes, job, memory } from './measures/job.ts';

const JOB_MEASURES = { job, memory } as const;
const MEASURES = [...Object.keys(JOB_MEASURES), ...Object.keys(PARQUET_MEASURES)];

const FULL_JOB: JobSizes = { objects: 20_000, added: 100, manyObjects: 100_000 };
const QUICK_JOB: JobSizes = { objects: 500, added: 20, manyObjects: 1_000 };

const USAGE = `Usage: bench:checkpoint [options]
  --only NAME      only this measure; may be repeated: ${MEASURES.join(', ')}
  --quick          a short run, to see that it works
  --rows N         rows of the file that is written, appended to, compacted (default ${FULL.baseRows})
  --appends N      runs in a row that append to one file (default ${FULL.appends})
  --repeats N      how often a short measure is taken; the median counts (default ${FULL.repeats})
  --json FILE      write [{name, value, unit, reference, ratio}]
  --markdown       print Markdown
  --folder DIR     where to put the temporary folder (default: the system's)
Polars and DuckDB are measured where Python 3.9 or newer is at hand; they are installed into node_modules/.cache the
first time.
`;

interface Options {
  readonly names: readonly string[];
  readonly sizes: ParquetSizes;
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
      rows: { type: 'string' },
      appends: { type: 'string' },
      repeats: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      folder: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const names = values.only ?? MEASURES;
  const unknown = names.filter((name) => !MEASURES.includes(name));
  if (unknown.length > 0) throw new Error(`no such measure: ${unknown.join(', ')}`);
  const sizes = values.quick ? QUICK : FULL;
  const count = (name: string, text: string | undefined, usual: number) => {
    if (text === undefined) return usual;
    const number = Number(text);
    if (Number.isSafeInteger(number) && number > 0) return number;
    throw new Error(`--${name} ${text}: not a whole number above 0`);
  };
  return {
    names,
    sizes: {
      ...sizes,
      baseRows: count('rows', values.rows, sizes.baseRows),
      appends: count('appends', values.appends, sizes.appends),
      repeats: count('repeats', values.repeats, sizes.repeats),
    },
    quick: values.quick,
    json: values.json,
    markdown: values.markdown,
    folder: values.folder,
  };
}

async function main(options: Options): Promise<number> {
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const workbench = createWorkbench(options.folder);
  process.on('exit', () => workbench.clear());
  const facts = machineFacts(workbench.root);
  const bench = await createParquetBench(workbench, options.sizes, say);
  const { rows, failed, disturbances } = await runMeasures(options.names, {
    measure: (name) => {
      const jobSizes = options.quick ? QUICK_JOB : FULL_JOB;
      if (name === 'job' || name === 'memory') return JOB_MEASURES[name](bench, jobSizes);
      return PARQUET_MEASURES[name]?.(bench) ?? [];
    },
    // Every program ends with its measure, and files are used by more than one.
    tidy: () => {},
    running: [],
    say,
  });
  const short = options.quick ? ['a short run'] : [];
  printReport([...facts, ...short, ...disturbances], rows, options);
  if (failed.length > 0) say(`\nfailed: ${failed.join(', ')}`);
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

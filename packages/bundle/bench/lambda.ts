/**
 * The benchmark of the functions as they are shipped: how fast they start, what they cost when warm, how large they are.
 * It prints what it measured and asserts nothing. The processor's time is measured, so other work on the machine makes
 * the numbers of warm functions little worse; those of cold starts suffer.
 */

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable, type Row, toJson } from '../../cli/bench/delivery/report.ts';
import { FUNCTIONS, LAYERS } from '../src/artefacts.ts';
import { type Package, packageAll } from '../src/package-all.ts';
import { runtimeClient } from '../test/support/runtime-client.ts';
import { type LoadedModule, measureCold } from './cold.ts';
import { measureWarm } from './warm.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const USAGE = `Usage: bench:lambda [options]
  --json FILE   write [{name, value, unit, reference, ratio}]
`;

function sizeRows({ artefacts }: Package): readonly Row[] {
  return artefacts.map(({ size: { name, zipped, budget } }) => ({
    name: `size of ${name}.zip`,
    value: zipped / 1_000,
    unit: 'kB',
    reference: null,
    goal: { of: 'value', atMost: budget / 1_000 },
  }));
}

/** Faster ones are not listed. */
const LISTED_MS = 0.5;

function formatModules(modules: readonly LoadedModule[]): string {
  const lines = modules
    .filter(({ ms }) => ms >= LISTED_MS)
    .map(({ ms, path }) => `${ms.toFixed(1).padStart(7)} ms   ${path}`);
  return [
    'What ingest-api loads at its start, without what each module loads itself (traced, so slower):',
    ...lines,
  ].join('\n');
}

async function main(json: string | undefined): Promise<void> {
  const client = await runtimeClient(process.env);
  const made = await packageAll(ROOT, { functions: FUNCTIONS, layers: LAYERS });
  const cold = await measureCold(made, client);
  const rows = [...cold.rows, ...(await measureWarm()), ...sizeRows(made)];
  const [processor] = cpus();
  process.stdout.write(`${processor?.model.trim()}, ${cpus().length} cores, Node.js ${process.version}\n\n`);
  process.stdout.write(`${formatTable(rows)}\n\n${formatModules(cold.modules)}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(toJson(rows), null, 2)}\n`);
}

const { values } = parseArgs({ options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) process.stdout.write(USAGE);
else await main(values.json);

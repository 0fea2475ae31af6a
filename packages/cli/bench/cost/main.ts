/**
 * Prints the tables of docs/scale.md: what a million messages use and cost, counted on the local AWS, and with the CPU
 * that the functions take on the machine it runs on.
 */

import { ASSUMED, apiMs, type Bill, billOf, type Cpu, type Line, workerMs } from './bill.ts';
import { measureCpu } from './cpu.ts';
import { BATCHES, type Profile, SINGLE } from './load.ts';
import { countUsage, type Usage } from './usage.ts';

const COUNTED = 1_000;
const MEASURED = 2_000;
const WARM_UP = 2_000;
const TENTH = 10;
const SCANS_PER_DAY = 24;
const MEGABYTE = 1_000_000;

interface Column {
  readonly name: string;
  readonly usage: Usage;
  readonly cpu: Cpu;
  readonly bill: Bill;
}

async function measure(profile: Profile): Promise<readonly Column[]> {
  process.stderr.write(`${profile.name}: CPU\n`);
  const cpu = await measureCpu(profile, MEASURED, WARM_UP);
  const columns: Column[] = [];
  for (const failEvery of [0, TENTH]) {
    process.stderr.write(`${profile.name}: calls${failEvery === 0 ? '' : ' with retries'}\n`);
    const usage = await countUsage({ ...profile, failEvery }, COUNTED);
    const name = failEvery === 0 ? profile.name : `${profile.name}, 10 % fail once`;
    columns.push({ name, usage, cpu, bill: billOf(usage, cpu, SCANS_PER_DAY) });
  }
  return columns;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return `${[head, rule, ...rows].map(line).join('\n')}\n`;
}

/** A row for each line that is not nothing everywhere. */
function rowsOf(columns: readonly Column[], linesOf: (bill: Bill) => readonly Line[], format: (line: Line) => string) {
  const lines = columns.map(({ bill }) => linesOf(bill));
  const names = lines[0]?.map(({ name }) => name) ?? [];
  return names.flatMap((name, row) => {
    const cells = lines.flatMap((column) => column[row] ?? []);
    return cells.some(({ amount }) => amount > 0) ? [[name, ...cells.map(format)]] : [];
  });
}

const dollars = ({ dollars: value }: { readonly dollars: number }): string => value.toFixed(2);

function quantity({ amount, unit }: Line): string {
  const isBytes = unit.startsWith('byte');
  const number = Math.round(isBytes ? amount / MEGABYTE : amount).toLocaleString('en');
  return `${number} ${isBytes ? unit.replace(/^bytes?/, 'MB') : unit}`;
}

const columns = [...(await measure(SINGLE)), ...(await measure(BATCHES))];
const head = (what: string): string[] => [what, ...columns.map(({ name }) => name)];
const milliseconds = (name: string, value: (column: Column) => number): string[] => [
  name,
  ...columns.map((column) => value(column).toFixed(0)),
];
const onItsWay = (bill: Bill): readonly Line[] => bill.lines;
const kept = (bill: Bill): readonly Line[] => bill.kept;

process.stdout.write(`Per million messages:

${table(head('used'), [...rowsOf(columns, onItsWay, quantity), ...rowsOf(columns, kept, quantity)])}
${table(head('dollars'), [
  ...rowsOf(columns, onItsWay, dollars),
  ['**on its way**', ...columns.map(({ bill }) => `**${dollars(bill)}**`)],
  ...rowsOf(columns, kept, dollars),
])}
An invocation, with ${ASSUMED.memoryMb} MB:

${table(head('milliseconds'), [
  milliseconds('ingest-api, CPU', ({ cpu }) => cpu.apiMs),
  milliseconds('ingest-api, billed', ({ usage, cpu }) => apiMs(usage, cpu)),
  milliseconds('delivery-worker, CPU', ({ cpu }) => cpu.workerMs),
  milliseconds('delivery-worker, billed', ({ usage, cpu }) => workerMs(usage, cpu)),
])}`);

/** Rows of results, as a table for people, as Markdown for documents, as JSON for scripts. */

import { writeFileSync } from 'node:fs';

export interface Goal {
  /** Which number the goal is about. */
  readonly of: 'value' | 'ratio';
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Row {
  readonly name: string;
  /** Null when it could not be measured. */
  readonly value: number | null;
  readonly unit: string;
  /** What the value is compared with, in the same unit. */
  readonly reference: number | null;
  readonly goal?: Goal;
  /** What a reader must know to read the number. */
  readonly note?: string;
}

/** The file of `--json`. */
interface JsonRow {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly reference: number | null;
  readonly ratio: number | null;
}

function ratioOf({ value, reference }: Row): number | null {
  return value === null || reference === null || reference === 0 ? null : value / reference;
}

export function toJson(rows: readonly Row[]): JsonRow[] {
  return rows.map((row) => ({
    name: row.name,
    value: row.value,
    unit: row.unit,
    reference: row.reference,
    ratio: ratioOf(row),
  }));
}

/** Undefined when there is no goal or no number. */
function isMet(row: Row): boolean | undefined {
  if (row.goal === undefined) return undefined;
  const number = row.goal.of === 'value' ? row.value : ratioOf(row);
  if (number === null) return undefined;
  return number <= (row.goal.atMost ?? Infinity) && number >= (row.goal.atLeast ?? -Infinity);
}

function cells(row: Row): string[] {
  const ratio = ratioOf(row);
  const met = isMet(row);
  return [
    row.name,
    row.value === null ? 'not measured' : `${formatNumber(row.value)} ${row.unit}`.trim(),
    row.reference === null ? '' : formatNumber(row.reference),
    ratio === null ? '' : ratio.toFixed(2),
    formatGoal(row.goal),
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

const HEAD = ['measure', 'value', 'reference', 'ratio', 'goal', 'met'];
/** Columns of text; the others are numbers and stand to the right. */
const TEXT_COLUMNS = new Set([0, 4, 5]);

export function formatTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return TEXT_COLUMNS.has(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('   ')
      .trimEnd();
  const [head = [], ...body] = lines;
  const notes = rows.filter(({ note }) => note !== undefined).map(({ name, note }) => `  ${name}: ${note}`);
  const rule = '-'.repeat(format(head).length);
  return [format(head), rule, ...body.map(format), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function formatMarkdown(rows: readonly Row[]): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  const alignment = HEAD.map((_, column) => (TEXT_COLUMNS.has(column) ? '---' : '---:'));
  const notes = rows.filter(({ note }) => note !== undefined).map(({ name, note }) => `- ${name}: ${note}`);
  const table = [line(HEAD), line(alignment), ...rows.map((row) => line(cells(row)))];
  return [...table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

interface ReportOptions {
  /** Where the rows are written as JSON. */
  readonly json: string | undefined;
  readonly markdown: boolean;
}

/** Prints the rows below lines of what they are of. */
export function printReport(head: readonly string[], rows: readonly Row[], options: ReportOptions): void {
  const table = options.markdown ? formatMarkdown(rows) : formatTable(rows);
  const bullet = options.markdown ? '- ' : '';
  process.stdout.write(`\n${head.map((fact) => bullet + fact).join('\n')}\n\n${table}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(toJson(rows), null, 2)}\n`);
}

function formatGoal(goal: Goal | undefined): string {
  if (goal === undefined) return '';
  const what = goal.of === 'ratio' ? 'ratio ' : '';
  if (goal.atMost !== undefined) return `${what}≤ ${goal.atMost}`;
  return goal.atLeast === undefined ? '' : `${what}≥ ${goal.atLeast}`;
}

function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

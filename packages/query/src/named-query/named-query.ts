/**
 * A named query: a file `pack/<name>.sql`, which begins with what it is.
 *
 * ```sql
 * -- title: Events by center
 * -- answers: How many events has each center?
 * -- table: visit_events
 * -- chart: center_label, events
 * -- param study string: only of this study
 * -- param from timestamp = 0001-01-01T00:00:00Z: only events at or after this time
 * -- param ptid string required: the participant
 * --
 * -- Notes, for who reads on.
 * SELECT … WHERE study = {{study}} … ORDER BY …
 * ```
 *
 * The text is one that DuckDB and Trino (Athena) both run, but for two things that are filled in: `{{name}}`, a
 * parameter, and `{{>name}}`, a fragment of `fragments.ts`. A parameter that is not given, and has no default, is NULL.
 */

import { DATASET_TABLES, type DatasetTable } from '../datasets/columns.ts';
import { FRAGMENTS } from './fragments.ts';
import { PARAMETER_TYPES, type Parameter, readValue } from './parameters.ts';
import { namesIn } from './template.ts';

export interface NamedQuery {
  /** That of the file: words with `-` between them. */
  readonly name: string;
  readonly title: string;
  /** The question that it answers. */
  readonly answers: string;
  readonly table: DatasetTable;
  readonly parameters: readonly Parameter[];
  /** The two columns that a chart of it shows. */
  readonly chart: readonly [x: string, y: string] | undefined;
  /** What else there is to know; may be empty. */
  readonly notes: string;
  readonly template: string;
}

/** @throws Error naming the file and everything that is wrong with it: a defect of the file */
export function parseNamedQuery(name: string, text: string): NamedQuery {
  const { head, notes, template } = splitText(text);
  const problems: string[] = [];
  const parameters = head.filter(({ key }) => key.startsWith('param ')).map((line) => readParameter(line, problems));
  const one = (key: string): string => {
    const [first, ...more] = head.filter((line) => line.key === key);
    if (first === undefined || more.length > 0) problems.push(`must have one line "${key}:"`);
    return first?.value ?? '';
  };
  const title = one('title');
  const answers = one('answers');
  const tableName = one('table');
  const table = Object.values(DATASET_TABLES).find((known) => known.table === tableName);
  if (table === undefined) problems.push(`names no table: "${tableName}"`);
  const chart = head.find(({ key }) => key === 'chart')?.value.split(/\s*,\s*/);
  if (chart !== undefined && chart.length !== 2) problems.push('chart: must name two columns');
  const unknown = head.filter(({ key }) => !/^(title|answers|table|chart|param .*)$/.test(key));
  problems.push(...unknown.map(({ key }) => `has a line it should not have: "${key}"`));
  if (!/^ORDER BY\b/m.test(template)) problems.push('must say in which order its rows come');
  problems.push(...templateProblems(template, parameters));
  if (problems.length > 0 || table === undefined) throw new Error(`${name}.sql ${problems.join('; ')}`);
  const [x = '', y = ''] = chart ?? [];
  return { name, title, answers, table, parameters, chart: chart && [x, y], notes, template };
}

interface HeadLine {
  readonly key: string;
  readonly value: string;
}

function splitText(text: string): { head: HeadLine[]; notes: string; template: string } {
  const lines = text.trim().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const comments = lines.slice(0, end).map((line) => line.replace(/^-- ?/, ''));
  const blank = comments.indexOf('');
  const head = blank === -1 ? comments : comments.slice(0, blank);
  return {
    head: head.map((line) => {
      const [, key = line, value = ''] = /^((?:param )?[^:]*?(?: = \S+)?): (.*)$/.exec(line) ?? [];
      return { key, value };
    }),
    notes: blank === -1 ? '' : comments.slice(blank + 1).join(' '),
    template: lines.slice(end).join('\n'),
  };
}

const PARAMETER = /^param (?<name>[a-z][a-z_]*) (?<type>[a-z]+)(?<required> required)?(?: = (?<missing>\S+))?$/;

function readParameter({ key, value: about }: HeadLine, problems: string[]): Parameter {
  const { name = key, type: typeName = '', required, missing } = PARAMETER.exec(key)?.groups ?? {};
  const type = PARAMETER_TYPES.find((known) => known === typeName);
  if (type === undefined) problems.push(`has a parameter of no known form: "${key}"`);
  const parameter = { name, type: type ?? 'string', isRequired: required !== undefined, missing, about };
  if (missing !== undefined && readValue(parameter.type, missing, 0) !== missing) {
    problems.push(`the default of ${name} is no ${typeName} in its usual form`);
  }
  if (missing !== undefined && parameter.isRequired) problems.push(`${name} is required, and has a default`);
  return parameter;
}

function templateProblems(template: string, parameters: readonly Parameter[]): string[] {
  const names = namesIn(template);
  const declared = parameters.map(({ name }) => name);
  return [
    ...names.fragments.filter((name) => !(name in FRAGMENTS)).map((name) => `uses a fragment it has not: ${name}`),
    ...names.parameters.filter((name) => !declared.includes(name)).map((name) => `uses an undeclared ${name}`),
    ...declared.filter((name) => !names.parameters.includes(name)).map((name) => `does not use ${name}`),
    ...declared.filter((name, index) => declared.indexOf(name) < index).map((name) => `declares ${name} twice`),
  ];
}

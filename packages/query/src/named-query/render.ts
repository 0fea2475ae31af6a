/** A named query as a statement of an engine. Values never become part of a text but as literals of their type. */

import type { NamedQuery } from './named-query.ts';
import type { Parameter, ParameterType, ParameterValues } from './parameters.ts';
import { fillTemplate } from './template.ts';

export interface BoundStatement {
  readonly sql: string;
  /** For `$1`, `$2`, …: texts, which the statement casts itself. */
  readonly values: readonly (string | null)[];
}

const DUCKDB_TYPES: Readonly<Record<ParameterType, string>> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
};

/** For DuckDB: each parameter has a number, and its value is bound. */
export function renderForDuckdb(query: NamedQuery, values: ParameterValues): BoundStatement {
  const names = query.parameters.map(({ name }) => name);
  const sql = fillTemplate(query.template, (name) => {
    return `CAST($${names.indexOf(name) + 1} AS ${DUCKDB_TYPES[parameterOf(query, name).type]})`;
  });
  return { sql, values: names.map((name) => values.get(name) ?? null) };
}

/** For Athena, whole: values are literals in the text. */
export function renderForAthena(query: NamedQuery, values: ParameterValues): string {
  return fillTemplate(query.template, (name) => {
    return athenaLiteral(parameterOf(query, name).type, values.get(name) ?? null);
  });
}

export interface PreparedStatement {
  /** With a `?` for each use of a parameter. */
  readonly sql: string;
  /** The parameter that each `?` stands for, in their order. */
  readonly parameters: readonly string[];
}

/** For Athena's prepared statements: `EXECUTE name USING …`, with `athenaLiteral` for each of the parameters. */
export function prepareForAthena(query: NamedQuery): PreparedStatement {
  const parameters: string[] = [];
  const sql = fillTemplate(query.template, (name) => {
    parameters.push(name);
    return `CAST(? AS ${ATHENA_TYPES[parameterOf(query, name).type]})`;
  });
  return { sql, parameters };
}

const ATHENA_TYPES: Readonly<Record<ParameterType, string>> = {
  string: 'varchar',
  integer: 'bigint',
  date: 'date',
  timestamp: 'timestamp(6)',
};

/** @param value in its usual form */
export function athenaLiteral(type: ParameterType, value: string | null): string {
  if (value === null) return `CAST(NULL AS ${ATHENA_TYPES[type]})`;
  switch (type) {
    case 'string':
      return `'${value.replaceAll("'", "''")}'`;
    case 'integer':
      return `BIGINT '${value}'`;
    case 'date':
      return `DATE '${value}'`;
    case 'timestamp':
      return `TIMESTAMP '${value.replace('T', ' ').replace('Z', '')}'`;
  }
}

/** For people: fragments filled in, parameters as `{{name}}`. */
export function readableSql(query: NamedQuery): string {
  return fillTemplate(query.template, (name) => `{{${name}}}`);
}

function parameterOf(query: NamedQuery, name: string): Parameter {
  const parameter = query.parameters.find((known) => known.name === name);
  if (parameter === undefined) throw new Error(`${query.name} has no parameter ${name}`);
  return parameter;
}

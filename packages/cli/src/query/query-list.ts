/** What can be asked: the list of the named queries, and all about one of them. */

import { type NamedQuery, readableSql } from '@millrace/query';
import type { Io } from '../io.ts';
import { styleFor } from '../term/style.ts';
import { type Column, renderTable } from '../term/table.ts';

export function renderList(io: Io, pack: readonly NamedQuery[]): string {
  const style = styleFor(io.stdout, io.env);
  const columns: Column<NamedQuery>[] = [
    { title: 'NAME', text: ({ name }) => name, paint: (cell) => style('bold', cell) },
    { title: 'TABLE', text: ({ table }) => table.table, dropOrder: 1 },
    { title: 'ANSWERS', text: ({ answers }) => answers, shrink: { to: 30, keep: 'start', order: 1 } },
  ];
  const width = io.stdout.isTTY === true ? io.stdout.columns : undefined;
  const table = renderTable(columns, pack, { width, paintTitle: (title) => style('bold', title) });
  return `${table}${style('dim', 'more about one: millrace query NAME --describe')}\n`;
}

export function describeQuery(io: Io, query: NamedQuery): string {
  const style = styleFor(io.stdout, io.env);
  const notes = query.notes === '' ? [] : ['', query.notes];
  const rows = query.parameters.map(({ name, type, isRequired, missing = '', about }) => {
    return { name, type, missing: isRequired ? 'required' : missing, about };
  });
  const columns: Column<(typeof rows)[number]>[] = [
    { title: 'PARAMETER', text: ({ name }) => name },
    { title: 'TYPE', text: ({ type }) => type },
    { title: 'DEFAULT', text: ({ missing }) => missing },
    { title: 'MEANING', text: ({ about }) => about },
  ];
  const parameters = rows.length === 0 ? '' : `\n${renderTable(columns, rows, {})}`;
  const head = [style('bold', `${query.name}: ${query.title}`), query.answers, ...notes].join('\n');
  return `${head}\n${parameters}\n${readableSql(query)}\n`;
}

export function queryAsJson(query: NamedQuery): object {
  const { name, title, answers, notes, table, chart = null } = query;
  const parameters = query.parameters.map(({ name: parameter, type, isRequired, missing = null, about }) => {
    return { name: parameter, type, required: isRequired, default: missing, about };
  });
  return { name, title, answers, notes, table: table.table, parameters, chart, sql: readableSql(query) };
}

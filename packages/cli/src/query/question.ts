/** What is asked: one of the named queries, or SQL. */

import {
  type BoundStatement,
  type DatasetTable,
  type NamedQuery,
  readParameterValues,
  renderForDuckdb,
} from '@millrace/query';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';

export interface Question {
  readonly statement: BoundStatement;
  isAbout(table: DatasetTable): boolean;
  /** The columns of a chart, when they are not simply the two of the result. */
  readonly chart: readonly [x: string, y: string] | undefined;
}

const SQL = /\s|^(?:select|with|from|values|show)\b/i;

/** @throws ExitError, ConfigError (usage) */
export async function readQuestion(
  io: Io,
  pack: readonly NamedQuery[],
  text: string,
  given: readonly string[],
): Promise<Question> {
  const named = pack.find(({ name }) => name === text);
  if (named !== undefined) {
    const values = readParameterValues(named.parameters, given, io.now());
    return { statement: renderForDuckdb(named, values), isAbout: (table) => table === named.table, chart: named.chart };
  }
  if (text !== '-' && !SQL.test(text)) throw unknownName(pack, text);
  if (given.length > 0) throw new ExitError(EXIT.usage, '--param is for named queries: write the value into the SQL');
  const sql = text === '-' ? await readAll(io) : text;
  if (sql.trim() === '') throw new ExitError(EXIT.usage, 'there is no SQL on standard input');
  return {
    statement: { sql, values: [] },
    // Also where a text or a comment names it, which does no harm.
    isAbout: ({ table }) => sql.toLowerCase().includes(table),
    chart: undefined,
  };
}

/** @throws ExitError (usage) naming what is near */
export function findQuery(pack: readonly NamedQuery[], name: string): NamedQuery {
  const found = pack.find((query) => query.name === name);
  if (found === undefined) throw unknownName(pack, name);
  return found;
}

const MOST_EDITS = 3;

function unknownName(pack: readonly NamedQuery[], text: string): ExitError {
  const wanted = text.toLowerCase();
  const near = pack
    .map(({ name }) => ({ name, edits: name.includes(wanted) ? 0 : editsBetween(name, wanted) }))
    .filter(({ edits }) => edits <= MOST_EDITS)
    .toSorted((a, b) => a.edits - b.edits)
    .map(({ name }) => name);
  const advice = near.length > 0 ? `did you mean ${near.slice(0, 3).join(', ')}?` : 'millrace query lists them';
  return new ExitError(EXIT.usage, `there is no query '${text}': ${advice}`);
}

/** The characters that are added, left out or replaced from one to the other. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, character] of Array.from(a).entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (b[column - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

async function readAll(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

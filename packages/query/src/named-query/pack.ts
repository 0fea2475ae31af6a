/** The named queries that come with Millrace. */

import { readdirSync, readFileSync } from 'node:fs';
import { type NamedQuery, parseNamedQuery } from './named-query.ts';

const FOLDER = new URL('../pack/', import.meta.url);
const SQL = '.sql';

/** By name. */
export function loadPack(): readonly NamedQuery[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SQL))
    .map((file) => file.slice(0, -SQL.length))
    .toSorted()
    .map((name) => parseNamedQuery(name, readFileSync(new URL(name + SQL, FOLDER), 'utf8')));
}

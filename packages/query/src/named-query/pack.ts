/** The named queries that come with Millrace. */

import { readdirSync, readFileSync } from 'node:fs';
import { type NamedQuery, parseNamedQuery } from './named-query.ts';

const FOLDER = new URL('../pack/', import.meta.url);

/** By name. */
export function loadPack(): readonly NamedQuery[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => parseNamedQuery(file.slice(0, -'.sql'.length), readFileSync(new URL(file, FOLDER), 'utf8')));
}

/**
 * Senders as they are written in JSON: their ids, or `["*"]` for all. A sender whose id is `*` cannot be named alone.
 */

import type { Senders } from '@millrace/core';
import * as z from 'zod/mini';
import { addFault, described, idField } from './fields.ts';

const EXPECTED = 'an array of sender ids, or ["*"] for all';
const ALL = '*';

export function sendersField() {
  const ids = z.array(idField(), { error: EXPECTED }).check(z.minLength(1, { error: EXPECTED }));
  const reading = z.transform((list: string[], payload): Senders => {
    if (!list.includes(ALL)) return [...new Set(list)];
    if (list.length > 1) addFault(payload, 'names all senders and others', EXPECTED);
    return 'all';
  });
  return described(z.pipe(ids, reading), EXPECTED);
}

/** As `sendersField` reads them. */
export function sendersJson(senders: Senders): readonly string[] {
  return senders === 'all' ? [ALL] : senders;
}

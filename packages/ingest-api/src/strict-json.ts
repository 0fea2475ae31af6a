/**
 * JSON as strict as a contract needs it: an object that names a member twice has no one meaning and is refused.
 */

import { scanJson } from './json-scan.ts';
import { jsonPath, type Problem } from './problems.ts';

export type JsonReading = { readonly value: unknown } | { readonly problem: Problem };

/** Reads one JSON text, which begins at a line (from 1) of the request. Never throws. */
export function readStrictJson(text: string, line = 1): JsonReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return scan(text, line);
  }
  // The value has fewer members than the text has names exactly when a name was repeated.
  return countPlainNames(text) === countMembers(value) ? { value } : scan(text, line);
}

/**
 * Names of members in a JSON text; NaN when one is written with an escape. JSON.parse takes such a name for another
 * that an earlier text had in its place (V8 of Node 24 and 26, https://github.com/nodejs/node/issues/63785): then what
 * one client sends would change what another is understood to say.
 */
function countPlainNames(text: string): number {
  let count = 0;
  let start = 0;
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      start = i;
      end = i = endOfString(text, i);
    } else if (code === COLON) {
      if (hasEscape(text, start, end)) return Number.NaN;
      count += 1;
    }
  }
  return count;
}

function hasEscape(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) === BACKSLASH) return true;
  return false;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** The closing quote of the string that opens at `start`: the next one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/** Members of every object within a value. Does not recurse, so depth is no danger. */
function countMembers(root: unknown): number {
  let count = 0;
  const rest = isContainer(root) ? [root] : [];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (Array.isArray(value)) {
      for (const element of value) if (isContainer(element)) rest.push(element);
    } else {
      for (const name in value) {
        count += 1;
        const member = value[name];
        if (isContainer(member)) rest.push(member);
      }
    }
  }
  return count;
}

/** JSON.parse makes every member an own one, `__proto__` too, so that walking with `in` sees exactly the members. */
function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const EXPECTED = 'JSON (RFC 8259)';

function scan(text: string, line: number): JsonReading {
  if (text.trim() === '') return { problem: { path: '$', message: 'is empty', expected: EXPECTED } };
  const result = scanJson(text);
  switch (result.kind) {
    case 'value':
      return { value: result.value };
    case 'duplicate': {
      const path = jsonPath(result.path);
      return { problem: { path, message: 'is given more than once', expected: 'each member once' } };
    }
    case 'syntax': {
      const message = `is not JSON: ${syntaxFault(text, result.offset, line)}`;
      return { problem: { path: '$', message, expected: EXPECTED } };
    }
  }
}

function syntaxFault(text: string, offset: number, firstLine: number): string {
  const before = text.slice(0, offset);
  const line = firstLine + before.split('\n').length - 1;
  const where = `at line ${line}, column ${offset - before.lastIndexOf('\n')}`;
  const char = text.codePointAt(offset);
  if (char === undefined) return `it ends too early, ${where}`;
  return `${JSON.stringify(String.fromCodePoint(char))} cannot stand ${where}`;
}

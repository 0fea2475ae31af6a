/**
 * Where a group's file lies, below the checkpoint's prefix: a template like `{study}/{datatype}/events.parquet` with values
 * of the data in it. Values are anything that a source wrote; a path has only `A-Z a-z 0-9 . _ - =` in it, and never
 * leaves its folder.
 *
 * - Different values give different paths, and every path has as many folders as its template: no file is another's
 *   folder. Paths that differ only in capitals are different, as in S3; the folder store keeps them apart.
 * - Letters, digits, `-` and `.` stay; any other UTF-16 unit is `_xx` or `_uxxxx`.
 * - A value that begins with anything but a letter or digit gets that escaped and a `-` before it, and the empty value
 *   is `-`: engines that read a folder as a table pass over names that begin with `.` or `_`.
 * - A value that would be long is its beginning, `_-`, and a hash of the whole.
 */

import { hash } from 'node:crypto';

/** Characters of an encoded value; a longer one gets a hash. */
const MAX_VALUE_LENGTH = 120;
const KEPT_LENGTH = 80;
/** Hexadecimal digits of SHA-256: 128 bits. */
const HASH_LENGTH = 32;

/** Of what file systems take. */
const MAX_SEGMENT_LENGTH = 255;
/** Of the 1,024 that a key may have; the rest is for what stands before it. */
const MAX_PATH_LENGTH = 768;

const FIELD = /\{([^{}]*)\}/g;
const LITERAL = /^[A-Za-z0-9._=-]*$/;

/**
 * Everything that is wrong with a template, in words that follow it.
 *
 * @param fields that it may name
 */
export function templateProblems(template: string, fields: readonly string[]): readonly string[] {
  const problems = new Set<string>();
  const unknown = [...template.matchAll(FIELD)].flatMap(([, name = '']) => (fields.includes(name) ? [] : [name]));
  for (const name of unknown) problems.add(`names the field {${name}}; there are ${listOf(fields)}`);
  if (!template.endsWith('.parquet')) problems.add('must end in .parquet');
  if (template.startsWith('/')) problems.add('must not begin with /');
  const segments = template.replace(/^\//, '').split('/');
  for (const segment of segments) for (const problem of segmentProblems(segment)) problems.add(problem);
  if (longest(template) > MAX_PATH_LENGTH) problems.add(`can give more than ${MAX_PATH_LENGTH} characters`);
  return [...problems];
}

/**
 * @param template without `templateProblems`
 * @param fields a value for each that the template names
 * @throws RangeError when there is none for one of them
 */
export function renderTemplate(template: string, fields: Readonly<Record<string, string>>): string {
  return template.replaceAll(FIELD, (_, name: string) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined) throw new RangeError(`there is no value for {${name}}`);
    return encodeValue(value);
  });
}

function segmentProblems(segment: string): readonly string[] {
  const problems: string[] = [];
  const literal = segment.replaceAll(FIELD, '');
  const fieldCount = segment.match(FIELD)?.length ?? 0;
  if (segment === '') problems.push('must not have empty segments');
  // Between two values in a segment nobody could tell where one ends.
  if (fieldCount > 1) problems.push(`must have at most one field in a segment: ${segment}`);
  if (segment === '..' || segment === '.') problems.push(`must not have the segment ${segment}`);
  else if (/^[._]/.test(segment)) problems.push(`must not have a segment that begins with . or _: ${segment}`);
  if (!LITERAL.test(literal)) problems.push(`must have only A-Z a-z 0-9 . _ = - besides its fields: ${segment}`);
  if (longest(segment) > MAX_SEGMENT_LENGTH) {
    problems.push(`must not have a segment that can be longer than ${MAX_SEGMENT_LENGTH} characters: ${segment}`);
  }
  return problems;
}

/** Characters that it can give at the most. */
function longest(template: string): number {
  return template.replaceAll(FIELD, '').length + (template.match(FIELD)?.length ?? 0) * MAX_VALUE_LENGTH;
}

function listOf(fields: readonly string[]): string {
  return fields.length === 0 ? 'none' : fields.map((field) => `{${field}}`).join(', ');
}

/** One to `MAX_VALUE_LENGTH` characters of `A-Z a-z 0-9 . _ -`. */
function encodeValue(value: string): string {
  const escaped = value.replaceAll(/^[.-]|[^A-Za-z0-9.-]/g, escapeUnit);
  const encoded = /^[A-Za-z0-9]/.test(escaped) ? escaped : `-${escaped}`;
  if (encoded.length <= MAX_VALUE_LENGTH) return encoded;
  // UTF-16, because halves of surrogate pairs have no UTF-8. No escape begins with `_-`.
  const digest = hash('sha256', Buffer.from(value, 'utf16le'), 'hex').slice(0, HASH_LENGTH);
  return `${encoded.slice(0, KEPT_LENGTH)}_-${digest}`;
}

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  return code <= 0xff ? `_${code.toString(16).padStart(2, '0')}` : `_u${code.toString(16).padStart(4, '0')}`;
}

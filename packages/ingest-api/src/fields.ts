/**
 * The fields that requests are made of, and how a field says what is wrong with it.
 *
 * The words for what a field should be are written once: a problem gives them as `expected`, the OpenAPI document as
 * the description. What is checked and what is promised cannot drift apart.
 */

import { canonicalUrl, type Instant, LIMITS, parseInstant } from '@millrace/core';
import * as z from 'zod/mini';

/** JSON Schema keywords, for what a schema made of a function cannot state by itself. */
export type Keywords = Readonly<Record<string, unknown>>;

/** Describes a schema in the OpenAPI document. */
export function described<S extends z.core.$ZodType>(schema: S, description: string, keywords: Keywords = {}): S {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), ...keywords, description });
  return schema;
}

/**
 * Adds a problem to a value under check.
 *
 * @param fault what is wrong, in words that follow the name of the field ("is in the past")
 * @param expected what it should be; left out when the fault says so already
 * @param path from the value to the part that is wrong
 */
export function addFault(
  payload: z.core.ParsePayload,
  fault: string,
  expected: string | undefined,
  path: readonly string[] = [],
): void {
  payload.issues.push({ code: 'custom', input: payload.value, params: { fault, expected }, path: [...path] });
}

/** Ends the reading of a field: says what is wrong with it, and stands in for the value. */
export type Refuse = (fault: string) => never;

/** A JSON string that `read` turns into a `T`, or refuses. */
export function textField<T>(expected: string, read: (text: string, refuse: Refuse) => T, keywords: Keywords = {}) {
  const reading = z.transform(
    (text: string, payload): T =>
      read(text, (fault) => {
        addFault(payload, fault, expected);
        return z.NEVER;
      }),
  );
  return described(z.pipe(z.string({ error: expected }), reading), expected, keywords);
}

/** An object that refuses every field not of its shape, by name. */
export function closedObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = `only the fields ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'an object') });
}

const ID_EXPECTED = `1 to ${LIMITS.idLength} printable ASCII characters without spaces`;
const ID = new RegExp(`^[!-~]{1,${LIMITS.idLength}}$`);

/** `messageId` and `senderId`. */
export function idField() {
  return described(z.string({ error: ID_EXPECTED }).check(z.regex(ID, { error: ID_EXPECTED })), ID_EXPECTED);
}

const INSTANT_EXPECTED = 'an RFC 3339 date and time with an offset, such as 2026-11-22T10:00:00Z';

/** An instant, read further by `read`. */
export function instantField<T>(read: (instant: Instant, refuse: Refuse) => T, expected = INSTANT_EXPECTED) {
  const readInstant = (text: string, refuse: Refuse): T => {
    const instant = parseInstant(text);
    return instant === undefined ? refuse('is not a date and time that exists') : read(instant, refuse);
  };
  return textField(expected, readInstant, { format: 'date-time' });
}

const URL_EXPECTED = `an absolute http(s) URL of at most ${LIMITS.urlLength} characters, without credentials`;
const HTTPS_EXPECTED = `an absolute https URL of at most ${LIMITS.urlLength} characters, without credentials`;

/** A target, brought to its canonical form. Without `allowHttp`, https only. */
export function urlField(options: { readonly allowHttp: boolean }) {
  return textField(options.allowHttp ? URL_EXPECTED : HTTPS_EXPECTED, readUrl, { maxLength: LIMITS.urlLength });

  function readUrl(text: string, refuse: Refuse): string {
    if (text.length > LIMITS.urlLength) return refuse(`has ${text.length} characters`);
    const url = tryCanonicalUrl(text);
    if (url === undefined) return refuse('is not an absolute URL');
    const isHttps = url.startsWith('https://');
    if (!isHttps && !url.startsWith('http://')) return refuse('is not an http(s) URL');
    if (!isHttps && !options.allowHttp) return refuse('is a plain http URL, which needs MILLRACE_ALLOW_HTTP=true');
    if (url.length > LIMITS.urlLength) return refuse(`has ${url.length} characters in its canonical form`);
    if (hasCredentials(url)) return refuse('holds credentials');
    return url;
  }
}

function tryCanonicalUrl(text: string): string | undefined {
  try {
    return canonicalUrl(text);
  } catch {
    return undefined;
  }
}

/** Of a canonical http(s) URL: there an `@` before the path can only end a user name or password. */
function hasCredentials(url: string): boolean {
  const authority = url.indexOf('//') + 2;
  const at = url.indexOf('@', authority);
  return at !== -1 && at < url.indexOf('/', authority);
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  const isInRange = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  // Not z.int(): its problems would keep the checks of the whole message from running.
  const schema = z.number({ error }).check(z.refine(isInRange, { error }));
  return described(schema, error, { type: 'integer', minimum: min, maximum: max });
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  const expected = `one of ${words.join(', ')}`;
  return described(z.enum(words, { error: expected }), expected);
}

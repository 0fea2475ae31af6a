/**
 * What a message must be, and how its JSON becomes a `Message`.
 */

import {
  type HeaderList,
  headerNameFault,
  headerValueFault,
  LIMITS,
  METHODS,
  type Message,
  parsePayloadId,
} from '@millrace/core';
import * as z from 'zod/mini';
import {
  addFault,
  closedObject,
  described,
  idField,
  instantField,
  oneOf,
  textField,
  urlField,
  wholeNumber,
} from './fields.ts';
import { kindOf, QUOTED_LENGTH } from './problems.ts';

export interface MessageRules {
  /** Targets may be plain http. */
  readonly allowHttp: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** `expiresAt` may be in the past: a repeat of a message that expired since is a repeat still. */
  readonly allowPast?: boolean;
}

/** The fault of an `expiresAt` that was not refused for anything else. */
export const PAST = 'is in the past';

/** A message as its JSON says it. */
export interface ReadMessage {
  /** With an empty body when that is a payload, which is still to be found. */
  readonly message: Message;
  /** Of the payload that it names. */
  readonly payloadSha256?: string | undefined;
}

/** The schema of a message: JSON in, `ReadMessage` out. Build it once: checking is fast, building is not. */
export function createMessageSchema(rules: MessageRules) {
  const fields = closedObject({
    messageId: idField(),
    timestamp: instantField((instant) => instant.text),
    senderId: idField(),
    targetUrl: urlField(rules),
    method: z._default(oneOf(METHODS), 'POST'),
    headers: z._default(headersField(), []),
    body: z._default(bodyField(), ''),
    bodyEncoding: z._default(oneOf(ENCODINGS), 'utf8'),
    payloadId: z.optional(payloadIdField()),
    retry: z.optional(retryField()),
    expiresAt: z.optional(expiryField(rules)),
  });
  type Fields = z.output<typeof fields>;

  // Always, so that one answer names the problems of the body and of every other field.
  const checked = fields.check(z.check(checkBody, { when: ({ value }) => isObject(value) }));
  return z.pipe(
    checked,
    z.transform(
      (message: Fields): ReadMessage => ({
        message: toMessage(message, rules.now()),
        payloadSha256: message.payloadId,
      }),
    ),
  );

  function toMessage(message: Fields, now: number): Message {
    const { senderId, messageId, timestamp, targetUrl, method, headers } = message;
    return {
      identity: { senderId, messageId, timestamp, targetUrl },
      request: { method, headers, body: Buffer.from(message.body, message.bodyEncoding) },
      plan: {
        maxAttempts: message.retry?.maxAttempts ?? LIMITS.defaultAttempts,
        expiresAt: message.expiresAt ?? now + LIMITS.lifetimeMs,
      },
    };
  }
}

function retryField() {
  const maxAttempts = z._default(wholeNumber(1, LIMITS.maxAttempts), LIMITS.defaultAttempts);
  return described(closedObject({ maxAttempts }), 'how often delivery is tried');
}

const HOURS = LIMITS.lifetimeMs / 3_600_000;
const EXPIRY_EXPECTED = `an RFC 3339 date and time with an offset, in the future, at most ${HOURS} hours ahead`;

/** Epoch milliseconds. */
function expiryField({ now, allowPast = false }: MessageRules) {
  return instantField(({ epochMs }, refuse): number => {
    const ahead = epochMs - now();
    if (ahead <= 0 && !allowPast) return refuse(PAST);
    return ahead <= LIMITS.lifetimeMs ? epochMs : refuse(`is more than ${HOURS} hours ahead`);
  }, EXPIRY_EXPECTED);
}

const HEADERS_EXPECTED = `an object of header names and values: at most ${LIMITS.headerCount}, ${LIMITS.headerBytes} bytes together`;

function headersField() {
  // With abort, which is the default here, its problems would keep the checks of the whole message from running.
  const params = { error: HEADERS_EXPECTED, abort: false };
  const object = z.custom<Readonly<Record<string, unknown>>>(isObject, params);
  return described(z.pipe(object, z.transform(readHeaders)), HEADERS_EXPECTED, {
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: LIMITS.headerCount,
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A list from the start, never an object: `__proto__` is a legal header name.
 */
function readHeaders(headers: Readonly<Record<string, unknown>>, payload: z.core.ParsePayload): HeaderList {
  const list: [string, string][] = [];
  const spellings = new Map<string, string>();
  let bytes = 0;
  const entries = Object.entries(headers);
  for (const [name, value] of entries) {
    const nameFault = headerNameFault(name);
    if (nameFault !== undefined) addFault(payload, `must ${nameFault}`, undefined, [name]);

    const key = name.toLowerCase();
    const other = spellings.get(key);
    if (other === undefined) spellings.set(key, name);
    else addFault(payload, `repeats ${other.slice(0, QUOTED_LENGTH)} in another case`, 'each header once', [name]);

    if (typeof value !== 'string') {
      addFault(payload, `is ${kindOf(value)}`, 'a string', [name]);
      continue;
    }
    const valueFault = headerValueFault(value);
    if (valueFault !== undefined) addFault(payload, `must ${valueFault}`, undefined, [name]);
    bytes += name.length + value.length; // a character that may stand here is one byte on the wire
    list.push([name, value]);
  }
  if (entries.length > LIMITS.headerCount) addFault(payload, `has ${entries.length} headers`, HEADERS_EXPECTED);
  if (bytes > LIMITS.headerBytes) addFault(payload, `has ${bytes} bytes`, HEADERS_EXPECTED);
  return list;
}

const ENCODINGS = ['utf8', 'base64'] as const;
const BODY_EXPECTED = 'a string: the text of the body, or its bytes as base64 when bodyEncoding says so';

function bodyField() {
  return described(z.string({ error: BODY_EXPECTED }), BODY_EXPECTED);
}

export const PAYLOAD_EXPECTED = 'the payloadId of an answer to POST /payloads, after the body was put to its uploadUrl';

/** The hash of the payload. */
function payloadIdField() {
  return textField(PAYLOAD_EXPECTED, (text, refuse): string => parsePayloadId(text) ?? refuse('is no payloadId'));
}

interface BodyFields {
  readonly body?: unknown;
  readonly bodyEncoding?: unknown;
  readonly payloadId?: unknown;
}

/**
 * Is there one body, and can it become bytes? Half of a surrogate pair cannot, whatever the encoding; it is looked for
 * in any case.
 */
function checkBody(payload: z.core.ParsePayload<BodyFields>): void {
  const { body, bodyEncoding, payloadId } = payload.value;
  if (typeof payloadId === 'string' && body !== '') {
    addFault(payload, 'is given together with a body', 'a body or a payloadId, not both', ['payloadId']);
  }
  if (typeof body !== 'string') return;
  if (bodyEncoding === 'base64') {
    const isCanonical = Buffer.from(body, 'base64').toString('base64') === body;
    if (!isCanonical)
      addFault(payload, 'is not base64', 'base64 (RFC 4648 §4) with padding and nothing else', ['body']);
  } else if (!body.isWellFormed()) {
    addFault(payload, 'holds half of a surrogate pair', 'text of whole characters, or base64', ['body']);
  }
}

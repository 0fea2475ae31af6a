/** What is sent: read from a request and checked as SQS checks it. */

import { randomUUID } from 'node:crypto';
import { integer, objectMap, text } from '../json-input.ts';
import type { Json } from '../service.ts';
import {
  attributesDigest,
  attributeValue,
  bodyDigest,
  type MessageAttribute,
  type MessageAttributes,
} from './message-digest.ts';
import { invalidContents, invalidParameter, missingParameter, unsupported } from './sqs-errors.ts';

/** A message as it was sent. It never changes; where it is and how often it was received is the queue's affair. */
export interface SentMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly traceHeader: string | undefined;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

/** A request to send one message, checked. */
export interface SendEntry {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly traceHeader: string | undefined;
  readonly delaySeconds: number | undefined;
  /** Bytes that count against the limits. */
  readonly size: number;
}

const MAX_DELAY_SECONDS = 900;
const MAX_ATTRIBUTES = 10;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i;
const DATA_TYPE = /^(?:String|Number|Binary)(?:\..{1,249})?$/;
const GROUP_ID = /^[\w!-/:-@[-`{-~]{1,128}$/;
/** Anything that the XML of the query protocol could not carry; lone surrogates are found apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

function hasForbiddenCharacter(value: string): boolean {
  return FORBIDDEN.test(value) || !value.isWellFormed();
}

/** @throws ServiceError as SQS answers it */
export function readSendEntry(input: Json): SendEntry {
  const body = text(input, 'MessageBody');
  if (body === undefined || body === '') throw missingParameter('MessageBody');
  if (hasForbiddenCharacter(body)) throw invalidContents();
  const attributes = readAttributes(input, 'MessageAttributes');
  const delaySeconds = integer(input, 'DelaySeconds');
  if (delaySeconds !== undefined && (delaySeconds < 0 || delaySeconds > MAX_DELAY_SECONDS))
    throw invalidParameter(
      `Value ${delaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`,
    );
  return {
    body,
    attributes,
    groupId: readGroupId(input),
    traceHeader: readTraceHeader(input),
    delaySeconds,
    size: messageSize(body, attributes),
  };
}

function readGroupId(input: Json): string | undefined {
  if (text(input, 'MessageDeduplicationId') !== undefined)
    throw invalidParameter(
      'The request includes a parameter that is not valid for this queue type: MessageDeduplicationId.',
    );
  const groupId = text(input, 'MessageGroupId');
  if (groupId !== undefined && !GROUP_ID.test(groupId))
    throw invalidParameter(
      `Value ${groupId} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  return groupId;
}

function readTraceHeader(input: Json): string | undefined {
  const attributes = readAttributes(input, 'MessageSystemAttributes');
  const unknown = Object.keys(attributes).find((name) => name !== 'AWSTraceHeader');
  if (unknown !== undefined) throw invalidParameter(`Message system attribute name '${unknown}' is invalid.`);
  return attributes['AWSTraceHeader']?.StringValue;
}

function readAttributes(input: Json, member: string): MessageAttributes {
  const given = Object.entries(objectMap(input, member));
  if (given.length > MAX_ATTRIBUTES)
    throw invalidParameter(
      `Number of message attributes [${given.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  return Object.fromEntries(given.map(([name, attribute]) => [name, readAttribute(name, attribute)]));
}

function readAttribute(name: string, input: Json): MessageAttribute {
  if (!ATTRIBUTE_NAME.test(name)) throw invalidParameter(`Message attribute name '${name}' is invalid.`);
  const DataType = text(input, 'DataType') ?? '';
  if (!DATA_TYPE.test(DataType))
    throw invalidParameter(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  if (input['StringListValues'] !== undefined || input['BinaryListValues'] !== undefined)
    throw unsupported('Message attribute lists in SendMessage are not supported.');
  const isBinary = DataType.startsWith('Binary');
  const value = text(input, isBinary ? 'BinaryValue' : 'StringValue') ?? '';
  if (value === '')
    throw invalidParameter(`The message attribute '${name}' must contain a non-empty message attribute value.`);
  if (isBinary) return { DataType, BinaryValue: value };
  if (hasForbiddenCharacter(value)) throw invalidContents();
  if (DataType.startsWith('Number') && !Number.isFinite(Number(value)))
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  return { DataType, StringValue: value };
}

/** Bytes of the body and of names, types and values of the attributes. */
function messageSize(body: string, attributes: MessageAttributes): number {
  let size = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes))
    size += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + attributeValue(attribute).length;
  return size;
}

export function toSentMessage({ body, attributes, groupId, traceHeader }: SendEntry, sentAt: number): SentMessage {
  return { id: randomUUID(), body, attributes, groupId, traceHeader, sentAt };
}

/** What the sender gets back. */
export function toSendResult({ id, body, attributes, traceHeader }: SentMessage): Json {
  const systemAttributes: MessageAttributes =
    traceHeader === undefined ? {} : { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } };
  return {
    MessageId: id,
    MD5OfMessageBody: bodyDigest(body),
    ...optional('MD5OfMessageAttributes', attributesDigest(attributes)),
    ...optional('MD5OfMessageSystemAttributes', attributesDigest(systemAttributes)),
  };
}

export function optional(name: string, value: unknown): Json {
  return value === undefined ? {} : { [name]: value };
}

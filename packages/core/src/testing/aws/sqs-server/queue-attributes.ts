/** The attributes of a queue: texts, as SQS takes and gives them, and what they mean. */

import { isJson } from '../json-input.ts';
import type { QueueSettings } from './queue.ts';
import { invalidAttributeName, invalidAttributeValue, invalidParameter, unsupported } from './sqs-errors.ts';

export type QueueAttributes = Readonly<Record<string, string>>;

/** The largest message that Millrace's infrastructure can ask for; SQS itself would take 1 MiB. */
const MAX_MESSAGE_BYTES = 262_144;

const DEFAULTS: QueueAttributes = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: String(MAX_MESSAGE_BYTES),
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

/** Least and most. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  VisibilityTimeout: [0, 43_200],
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1_024, MAX_MESSAGE_BYTES],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
};

/** Kept and given back, without effect here. */
const WITHOUT_EFFECT = new Set([
  'Policy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
]);

/** Attributes that SQS computes. */
const READ_ONLY = new Set([
  'QueueArn',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
]);

/** The asked ones of those that are set. @throws ServiceError for a name that SQS does not know */
export function askedAttributes(attributes: QueueAttributes, asked: readonly string[]): QueueAttributes {
  if (asked.includes('All')) return attributes;
  const unknown = asked.find((name) => !isKnown(name));
  if (unknown !== undefined) throw invalidAttributeName(unknown);
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => asked.includes(name)));
}

function isKnown(name: string): boolean {
  return name === 'RedrivePolicy' || name in RANGES || WITHOUT_EFFECT.has(name) || READ_ONLY.has(name);
}

/** Attributes after a change; an empty text takes one back. @throws ServiceError */
export function withAttributes(before: QueueAttributes, changes: QueueAttributes, queueArn: string): QueueAttributes {
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    check(name, value, queueArn);
    if (value !== '') after[name] = value;
    else if (DEFAULTS[name] === undefined) delete after[name];
    else after[name] = DEFAULTS[name];
  }
  return after;
}

export function newAttributes(given: QueueAttributes, queueArn: string): QueueAttributes {
  return withAttributes(DEFAULTS, given, queueArn);
}

function check(name: string, value: string, queueArn: string): void {
  if (name === 'FifoQueue' || name === 'ContentBasedDeduplication') throw unsupported('There are no FIFO queues here.');
  const range = RANGES[name];
  if (range !== undefined) {
    const number = Number(value);
    const isInRange = Number.isInteger(number) && number >= range[0] && number <= range[1];
    if (value !== '' && !isInRange) throw invalidAttributeValue(name);
    return;
  }
  if (name === 'RedrivePolicy') {
    if (value !== '' && readRedrive(value).targetArn === queueArn)
      throw invalidParameter(
        `Value ${value} for parameter RedrivePolicy is invalid. Reason: a queue cannot be its own dead-letter queue.`,
      );
    return;
  }
  if (!WITHOUT_EFFECT.has(name)) throw invalidAttributeName(name);
}

function readRedrive(value: string): NonNullable<QueueSettings['redrive']> {
  const policy = parseOrUndefined(value);
  const targetArn = isJson(policy) ? policy['deadLetterTargetArn'] : undefined;
  const maxReceiveCount = isJson(policy) ? Number(policy['maxReceiveCount']) : Number.NaN;
  const isCount = Number.isInteger(maxReceiveCount) && maxReceiveCount >= 1 && maxReceiveCount <= 1_000;
  if (typeof targetArn !== 'string' || !isCount)
    throw invalidParameter(
      `Value ${value} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attributes, or they are not valid.`,
    );
  return { targetArn, maxReceiveCount };
}

function parseOrUndefined(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

export function toSettings(attributes: QueueAttributes): QueueSettings {
  const policy = attributes['RedrivePolicy'];
  return {
    visibilitySeconds: Number(attributes['VisibilityTimeout']),
    delaySeconds: Number(attributes['DelaySeconds']),
    retentionSeconds: Number(attributes['MessageRetentionPeriod']),
    redrive: policy === undefined ? undefined : readRedrive(policy),
  };
}

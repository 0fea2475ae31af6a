/** The event document in which Lambda hands messages of SQS to a function. */

import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { objectMap, text, textMap } from '../json-input.ts';
import type { Json } from '../service.ts';

/** Of the queue that the messages come from. */
export interface EventSource {
  readonly arn: string;
  readonly region: string;
}

/** Bytes of an invocation's payload. */
const MAX_EVENT_BYTES = 6 * 1_024 * 1_024;
/** Of the document around the records. */
const ENVELOPE_BYTES = '{"Records":[]}'.length;

/** @param message as ReceiveMessage answers it, with all attributes */
export function toRecord(message: Json, { arn, region }: EventSource): SQSRecord {
  const digest = text(message, 'MD5OfMessageAttributes');
  const { ApproximateReceiveCount = '', SentTimestamp = '', SenderId = '', ...others } = textMap(message, 'Attributes');
  const { ApproximateFirstReceiveTimestamp = '', ...rest } = others;
  return {
    messageId: text(message, 'MessageId') ?? '',
    receiptHandle: text(message, 'ReceiptHandle') ?? '',
    body: text(message, 'Body') ?? '',
    attributes: { ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp, ...rest },
    messageAttributes: toMessageAttributes(message),
    ...(digest === undefined ? {} : { md5OfMessageAttributes: digest }),
    md5OfBody: text(message, 'MD5OfBody') ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: region,
  };
}

function toMessageAttributes(message: Json): SQSMessageAttributes {
  const attributes: SQSMessageAttributes = {};
  for (const [name, attribute] of Object.entries(objectMap(message, 'MessageAttributes'))) {
    const stringValue = text(attribute, 'StringValue');
    const binaryValue = text(attribute, 'BinaryValue');
    attributes[name] = {
      ...(stringValue === undefined ? {} : { stringValue }),
      ...(binaryValue === undefined ? {} : { binaryValue }),
      stringListValues: [],
      binaryListValues: [],
      dataType: text(attribute, 'DataType') ?? '',
    };
  }
  return attributes;
}

/** In order; a part is closed before its event would be longer than an invocation may carry. */
export function splitBySize(
  records: readonly SQSRecord[],
  maxBytes = MAX_EVENT_BYTES,
): readonly (readonly SQSRecord[])[] {
  const parts: SQSRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = Buffer.byteLength(JSON.stringify(record)) + ','.length;
    if (bytes + size > maxBytes) {
      parts.push([]);
      bytes = ENVELOPE_BYTES;
    }
    bytes += size;
    parts.at(-1)?.push(record);
  }
  return parts;
}

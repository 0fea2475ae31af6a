/** Messages as ReceiveMessage answers them: only the attributes that were asked for. */

import { texts } from '../json-input.ts';
import type { Json } from '../service.ts';
import { attributesDigest, bodyDigest, type MessageAttributes } from './message-digest.ts';
import type { QueuedMessage, Received } from './queue.ts';
import { optional } from './sqs-message.ts';

const SENDER_ID = 'AIDALOCALAWS';

export function toReceiveAnswer(received: readonly Received[], input: Json): Json {
  if (received.length === 0) return {};
  const system = [...texts(input, 'AttributeNames'), ...texts(input, 'MessageSystemAttributeNames')];
  const own = texts(input, 'MessageAttributeNames');
  return { Messages: received.map((one) => toMessage(one, system, own)) };
}

function toMessage({ message, receiptHandle }: Received, system: readonly string[], own: readonly string[]): Json {
  const { id, body, attributes } = message.sent;
  const asked = askedAttributes(attributes, own);
  const digest = attributesDigest(asked);
  return {
    MessageId: id,
    ReceiptHandle: receiptHandle,
    MD5OfBody: bodyDigest(body),
    Body: body,
    ...optional('Attributes', askedSystemAttributes(message, system)),
    ...(digest === undefined ? {} : { MessageAttributes: asked, MD5OfMessageAttributes: digest }),
  };
}

function systemAttributes(message: QueuedMessage): Readonly<Record<string, string | undefined>> {
  const { sent, totalReceives, firstReceivedAt, deadLetterSourceArn } = message;
  return {
    SenderId: SENDER_ID,
    SentTimestamp: String(sent.sentAt),
    ApproximateReceiveCount: String(totalReceives),
    ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
    MessageGroupId: sent.groupId,
    AWSTraceHeader: sent.traceHeader,
    DeadLetterQueueSourceArn: deadLetterSourceArn,
  };
}

function askedSystemAttributes(message: QueuedMessage, names: readonly string[]): Json | undefined {
  const all = names.includes('All');
  const asked = Object.entries(systemAttributes(message)).filter(
    ([name, value]) => value !== undefined && (all || names.includes(name)),
  );
  return asked.length === 0 ? undefined : Object.fromEntries(asked);
}

/** Names may be whole, `All`, or a beginning followed by `.*`. */
function askedAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  const isAsked = (name: string): boolean =>
    names.some((asked) => {
      if (asked === 'All' || asked === name) return true;
      return asked.endsWith('.*') && name.startsWith(asked.slice(0, -2));
    });
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isAsked(name)));
}

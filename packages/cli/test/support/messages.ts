import type { BatchResult, MessageInput, MessageView } from '../../src/api-shapes.ts';

/** A message as the API shows it: delivered at the first attempt, unless told otherwise. */
export function messageView(fields: Partial<MessageView> = {}): MessageView {
  return {
    messageId: 'order-42',
    senderId: 'billing',
    timestamp: '2026-11-22T09:00:00Z',
    targetUrl: 'https://partner.example/hooks',
    status: 'SUCCESS',
    attempts: 1,
    maxAttempts: 3,
    totalAttempts: 1,
    replays: 0,
    acceptedAt: '2026-11-22T09:00:01.000Z',
    updatedAt: '2026-11-22T09:00:02.000Z',
    expiresAt: '2026-11-25T09:00:01.000Z',
    nextAttemptAt: null,
    reason: null,
    lastError: null,
    ...fields,
  };
}

export function deadLetter(fields: Partial<MessageView> = {}): MessageView {
  return messageView({
    status: 'FAILED',
    attempts: 3,
    totalAttempts: 3,
    reason: 'exhausted',
    lastError: { statusCode: 503, message: 'HTTP 503', at: '2026-11-22T09:00:02.000Z' },
    ...fields,
  });
}

/** A message to send. */
export function messageInput(fields: Partial<MessageInput> = {}): MessageInput {
  return {
    messageId: 'order-42',
    timestamp: '2026-11-22T09:00:00Z',
    senderId: 'billing',
    targetUrl: 'https://partner.example/hooks',
    ...fields,
  };
}

export function manyInputs(count: number): MessageInput[] {
  return Array.from({ length: count }, (_, index) => messageInput({ messageId: `order-${index}` }));
}

/** The lines of a batch request. */
export function readBatch(body: Buffer): MessageInput[] {
  return body
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The answer to a batch: one result for each line, `accepted` unless `resultOf` says otherwise. */
export function batchAnswer(
  body: Buffer,
  resultOf: (message: MessageInput, index: number) => Partial<BatchResult> = () => ({}),
) {
  const results = readBatch(body).map((message, index) => ({
    index,
    messageId: message.messageId,
    result: 'accepted',
    ...resultOf(message, index),
  }));
  const status = results.every(({ result }) => result === 'unavailable') ? 503 : 202;
  return { status, json: { results } };
}

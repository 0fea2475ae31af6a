/** What is sent to find out what it costs: messages of 1 KB, one or 100 a POST. */

import { signedEventOf } from '../../../ingest-api/test/support/events.ts';

export interface Profile {
  readonly name: string;
  /** 1: `POST /message`; more: `POST /messages`. */
  readonly messagesPerPost: number;
  /** Records of an invocation of the worker, when there are so many. */
  readonly workerBatch: number;
  /** Every so many messages one fails at its first attempt; 0: none. */
  readonly failEvery: number;
}

export const SINGLE: Profile = { name: '1 a POST', messagesPerPost: 1, workerBatch: 100, failEvery: 0 };
export const BATCHES: Profile = { name: '100 a POST', messagesPerPost: 100, workerBatch: 100, failEvery: 0 };

const BODY_BYTES = 1_024;

/** Events of an HTTP API: as many as it takes to post the messages with the numbers from `first` to below `end`. */
export function eventsOf({ messagesPerPost }: Profile, targetUrl: string, first: number, end: number) {
  const events: ReturnType<typeof signedEventOf>[] = [];
  for (let number = first; number < end; number += messagesPerPost) {
    const size = Math.min(messagesPerPost, end - number);
    const messages = Array.from({ length: size }, (_, index) => toMessage(number + index, targetUrl));
    const isSingle = messagesPerPost === 1;
    const body = JSON.stringify(isSingle ? messages[0] : { messages });
    const headers = [['content-type', 'application/json']] as const;
    events.push(
      signedEventOf('HTTP API', { method: 'POST', path: isSingle ? '/message' : '/messages', headers, body }),
    );
  }
  return events;
}

function toMessage(number: number, targetUrl: string): object {
  const head = `${String(number).padStart(9, '0')} `;
  return {
    messageId: `order-2026-${String(number).padStart(9, '0')}`,
    senderId: 'billing',
    timestamp: '2026-11-22T10:00:00.123Z',
    targetUrl,
    headers: { 'content-type': 'text/plain' },
    body: head.padEnd(BODY_BYTES, 'x'),
  };
}

/** The number in a body of `eventsOf`. */
export function numberOf(body: Buffer): number {
  return Number(body.subarray(0, 9).toString());
}

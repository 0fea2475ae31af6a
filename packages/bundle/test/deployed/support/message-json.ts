/** Messages as the API takes them. */

import { uniqueId } from '@millrace/core/testing';

export interface MessageJson {
  readonly messageId: string;
  readonly senderId: string;
  readonly timestamp: string;
  readonly targetUrl: string;
  readonly [field: string]: unknown;
}

/** A message that the API accepts. */
export function messageTo(targetUrl: string, fields: Partial<MessageJson> = {}): MessageJson {
  return {
    messageId: uniqueId('message'),
    senderId: 'billing',
    timestamp: '2026-11-22T10:00:00Z',
    targetUrl,
    body: '{"total":12.5}',
    ...fields,
  };
}

/** Messages as clients send them. */

export interface MessageJson {
  readonly messageId: string;
  readonly timestamp: string;
  readonly senderId: string;
  readonly targetUrl: string;
  readonly [field: string]: unknown;
}

/** A message with only what is required, and what is given. */
export function messageJson(fields: Readonly<Record<string, unknown>> = {}): MessageJson {
  return {
    messageId: 'order-42',
    timestamp: '2026-11-22T10:00:00Z',
    senderId: 'billing',
    targetUrl: 'https://partner.example/hooks',
    ...fields,
  };
}

/** The headers of the request to a target. */

import { type DeliveryRequest, SIGNATURE_HEADERS } from '@millrace/core';

/** By which the receiver knows the request; see `SIGNATURE_HEADERS`. */
export interface WebhookHeaders {
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly signature: string;
}

/** The client's headers as they came, then Millrace's own. Names and values alternate. */
export function outboundHeaders(request: DeliveryRequest, webhook: WebhookHeaders, userAgent: string): string[] {
  const headers = request.headers.flat();
  const hasUserAgent = request.headers.some(([name]) => name.toLowerCase() === 'user-agent');
  if (!hasUserAgent) headers.push('user-agent', userAgent);
  headers.push(SIGNATURE_HEADERS.id, webhook.id);
  headers.push(SIGNATURE_HEADERS.timestamp, String(webhook.timestamp));
  headers.push(SIGNATURE_HEADERS.signature, webhook.signature);
  return headers;
}

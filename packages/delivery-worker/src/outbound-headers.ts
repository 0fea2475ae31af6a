/** The headers of the request to a target. */

import type { DeliveryRequest } from '@millrace/core';

/** The client's headers as they came, then Millrace's own. Names and values alternate. */
export function outboundHeaders(request: DeliveryRequest, id: string, userAgent: string): string[] {
  const headers = request.headers.flat();
  const hasUserAgent = request.headers.some(([name]) => name.toLowerCase() === 'user-agent');
  if (!hasUserAgent) headers.push('user-agent', userAgent);
  headers.push('webhook-id', id);
  return headers;
}

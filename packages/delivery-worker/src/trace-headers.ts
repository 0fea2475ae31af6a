import { randomBytes } from 'node:crypto';
import { childTraceparent, type DeliveryRequest, SPAN_ID_BYTES } from '@millrace/core';

/**
 * The header that makes an attempt a span below the request that brought the message, each attempt one of its own;
 * none when there is no trace, or the message has a header of that name. Name and value alternate.
 */
export function traceHeaders(request: DeliveryRequest, traceparent: string | undefined): readonly string[] {
  if (traceparent === undefined) return [];
  const hasOwn = request.headers.some(([name]) => name.toLowerCase() === 'traceparent');
  return hasOwn ? [] : ['traceparent', childTraceparent(traceparent, randomBytes(SPAN_ID_BYTES))];
}

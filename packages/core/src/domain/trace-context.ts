/**
 * The place of a message in a trace of its client (https://www.w3.org/TR/trace-context/): the header `traceparent`.
 *
 * `tracestate` is not kept: it belongs to the vendors whose spans it names, and may be dropped.
 */

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?=$|-)/;
const FORBIDDEN_VERSION = 'ff';
const VERSION = '00';

/** Bytes of the id of a span. */
export const SPAN_ID_BYTES = 8;

/**
 * A `traceparent` in the form of version 00; undefined for text that is none, which counts as no header at all. One of
 * a later version is read as far as version 00 goes, as the recommendation asks.
 */
export function parseTraceparent(text: string): string | undefined {
  const [match, version, traceId = '', parentId = '', flags = ''] = TRACEPARENT.exec(text) ?? [];
  const isWhole = match?.length === text.length || (match !== undefined && version !== VERSION);
  if (!isWhole || version === FORBIDDEN_VERSION || isZero(traceId) || isZero(parentId)) return undefined;
  return `${VERSION}-${traceId}-${parentId}-${flags}`;
}

/** @param traceparent as `parseTraceparent` gives it */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/**
 * The `traceparent` of a span below another.
 *
 * @param traceparent as `parseTraceparent` gives it
 * @param spanId `SPAN_ID_BYTES` of it, new for each span, not all of them 0
 */
export function childTraceparent(traceparent: string, spanId: Uint8Array): string {
  const flags = traceparent.slice(-2);
  return `${VERSION}-${traceIdOf(traceparent)}-${Buffer.from(spanId).toString('hex')}-${flags}`;
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}

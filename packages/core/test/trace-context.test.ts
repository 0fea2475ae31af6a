import { describe, expect, test } from '@jest/globals';
import { childTraceparent, parseTraceparent, SPAN_ID_BYTES, traceIdOf } from '@millrace/core';
import fc from 'fast-check';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('a traceparent', () => {
  test('is read as the recommendation gives it', () => {
    expect(parseTraceparent(TRACEPARENT)).toBe(TRACEPARENT);
    expect(traceIdOf(TRACEPARENT)).toBe(TRACE_ID);
  });

  test.each([
    ['of a later version, as far as it is known', `cc-${TRACEPARENT.slice(3)}-what-comes`],
    ['of a later version with nothing more', `01-${TRACEPARENT.slice(3)}`],
  ])('%s', (_, text) => {
    expect(parseTraceparent(text)).toBe(TRACEPARENT);
  });

  test.each([
    ['nothing', ''],
    ['in capitals', TRACEPARENT.toUpperCase()],
    ['of the forbidden version', `ff-${TRACEPARENT.slice(3)}`],
    ['with a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['with a parent id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['too short', TRACEPARENT.slice(0, -1)],
    ['too long for its version', `${TRACEPARENT}-more`],
    ['of a later version, and not ended by a dash', `cc-${TRACEPARENT.slice(3)}.x`],
    ['given twice', `${TRACEPARENT}, ${TRACEPARENT}`],
    ['with white space', ` ${TRACEPARENT}`],
    ['with a line break', `${TRACEPARENT}\n`],
  ])('that is %s is none', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test('whatever the text, is one that reads as itself, or none', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/)),
        (text) => {
          const parsed = parseTraceparent(text);
          if (parsed === undefined) return;
          expect(parseTraceparent(parsed)).toBe(parsed);
          expect(text.slice(2)).toContain(parsed.slice(2));
        },
      ),
    ));

  test('of a span below keeps the trace and its flags, and has the id of the span', () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: SPAN_ID_BYTES, maxLength: SPAN_ID_BYTES }), (spanId) => {
        const child = childTraceparent(TRACEPARENT, spanId);
        const id = Buffer.from(spanId).toString('hex');
        expect(child).toBe(`00-${TRACE_ID}-${id}-01`);
        const isZero = spanId.every((byte) => byte === 0);
        expect(parseTraceparent(child)).toBe(isZero ? undefined : child);
      }),
    ));
});

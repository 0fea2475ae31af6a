import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLineSplitter, type Line } from '../src/send/line-splitter.ts';

function split(chunks: readonly Uint8Array[], maxBytes: number): Line[] {
  const splitter = createLineSplitter(maxBytes);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

function texts(lines: readonly Line[]): (string | null)[] {
  return lines.map(({ bytes }) => (bytes === null ? null : Buffer.from(bytes).toString('latin1')));
}

describe('a line splitter', () => {
  test('gives the same lines however the bytes are cut into chunks', () => {
    const bytes = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x61), fc.integer({ min: 0, max: 255 }));
    const chunk = fc.array(bytes).map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(fc.array(chunk), fc.integer({ min: 0, max: 12 }), (chunks, maxBytes) => {
        const whole = Buffer.concat(chunks).toString('latin1');
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        const lines = split(chunks, maxBytes);
        const withoutBreaks = expected.map((line) => line.replace(/\r$/, ''));
        expect(texts(lines)).toEqual(withoutBreaks.map((line) => (line.length > maxBytes ? null : line)));
        expect(lines.map(({ number }) => number)).toEqual(expected.map((_, index) => index + 1));
        expect(lines.reduce((sum, { inputBytes }) => sum + inputBytes, 0)).toBe(whole.length);
      }),
    );
  });
});

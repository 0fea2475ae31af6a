import { describe, expect, test } from '@jest/globals';
import { freeChunk } from '../src/stream-memory.ts';

describe('freeChunk', () => {
  test('frees the memory of a chunk', () => {
    const chunk = new Uint8Array(64);
    freeChunk(chunk);
    expect(chunk.buffer.byteLength).toBe(0);
  });

  test('leaves a buffer alone that others have parts of', () => {
    const whole = new Uint8Array(64).fill(1);
    freeChunk(whole.subarray(0, 32));
    freeChunk(whole.subarray(32));
    expect(whole).toEqual(new Uint8Array(64).fill(1));
  });

  test("leaves Node's pool alone", () => {
    const pooled = Buffer.from('pooled');
    freeChunk(pooled);
    expect(pooled.toString()).toBe('pooled');
  });
});

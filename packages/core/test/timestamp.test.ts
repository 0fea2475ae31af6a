import { describe, expect, test } from '@jest/globals';
import { parseInstant } from '@millrace/core';

describe('parseInstant', () => {
  test('brings every spelling of an instant to one text', () => {
    expect(parseInstant('2026-11-22T11:30:00.1200+01:30')?.text).toBe('2026-11-22T10:00:00.12Z');
  });
});

import { describe, expect, test } from '@jest/globals';
import { describeStall } from '../src/up/stall.ts';

const NOW = 1_000_000;
const MINUTE = 60_000;

describe('a stall', () => {
  test('is when messages have been due for more than a minute, and none has moved for more than a minute', () => {
    const problems = describeStall({ now: NOW, oldestDue: NOW - MINUTE - 1, lastProgressAt: NOW - 90_000 });
    expect(problems).toEqual([{ part: 'delivery', detail: 'messages are due, and none has moved for 90 s' }]);
  });

  test.each([
    ['nothing waits', { oldestDue: null, lastProgressAt: NOW - 2 * MINUTE }],
    ['the next message is due later', { oldestDue: NOW + 1, lastProgressAt: NOW - 2 * MINUTE }],
    ['a message has been due for no more than a minute', { oldestDue: NOW - MINUTE, lastProgressAt: NOW - 2 * MINUTE }],
    ['a message has moved within the minute', { oldestDue: NOW - 2 * MINUTE, lastProgressAt: NOW - MINUTE }],
  ])('is not when %s', (_, progress) => {
    expect(describeStall({ now: NOW, ...progress })).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import { readSenderMap } from '../src/sender-map.ts';

const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

function problemsOf(text: string): readonly string[] {
  try {
    readSenderMap(text, '/dev/callers');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('readSenderMap', () => {
  test('gives each principal its senders, or all for a star', () => {
    const user = 'arn:aws:iam::123456789012:user/ann';
    const map = readSenderMap(
      JSON.stringify({
        [role('billing')]: ['billing', 'books', 'billing'],
        [user]: ['*'],
        [role('eu/shop')]: ['shop'],
      }),
      '/dev/callers',
    );
    expect([...map]).toEqual([
      [role('billing'), { name: role('billing'), senders: ['billing', 'books'] }],
      [user, { name: user, senders: 'all' }],
      [role('shop'), { name: role('shop'), senders: ['shop'] }],
    ]);
  });

  test('names every problem at once, each with the parameter and its place', () => {
    const problems = problemsOf(
      JSON.stringify({
        [role('a')]: [],
        [role('b')]: 'shop',
        [role('c')]: ['a b', 7],
        [role('d')]: ['*', 'shop'],
        [role('e')]: ['shop'],
        [role('path/e')]: ['billing'],
        [role('path/a')]: ['billing'],
        'arn:aws:sts::123456789012:assumed-role/f/session': ['shop'],
        billing: ['billing'],
        '*': ['*'],
        __proto__x: ['*'],
      }),
    );
    expect(problems).toHaveLength(11);
    for (const problem of problems) expect(problem).toMatch(/^[/]dev[/]callers: [$]/);
    for (const part of [role('c'), role('d'), role('path/e'), 'assumed-role/f/session', '"*"']) {
      expect(problems.join('\n')).toContain(part);
    }
  });

  test.each([
    ['', '/dev/callers: $ is empty; expected JSON (RFC 8259)'],
    ['[]', '/dev/callers: $ is an array; expected an object of principals and their senders'],
    ['null', '/dev/callers: $ is null; expected an object of principals and their senders'],
    [
      `{"${role('a')}":["a"],"${role('a')}":["*"]}`,
      `/dev/callers: $["${role('a')}"] is given more than once; expected each member once`,
    ],
  ])('refuses %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test('lets nobody in when it is empty', () => {
    expect(readSenderMap('{}', '/dev/callers').size).toBe(0);
  });
});

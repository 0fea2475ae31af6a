import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createLogLines } from '@millrace/core';
import { createHeldUpLog } from '../src/up/held-up-log.ts';
import { createLogger } from '../src/up/logger.ts';

/** What the logger writes, and the lines of it. */
function capture(terminal: { isTTY?: boolean } = {}) {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text), ...terminal };
  return { output, lines: () => written.join('').split('\n').slice(0, -1) };
}

describe('the log', () => {
  test('is a line of JSON for each event, with its time in RFC 3339 and nothing about the machine', () => {
    const { output, lines } = capture();
    createLogger('info', output).warn({ messageId: 'order-42\n' }, 'dead letter');
    const [line = '', ...others] = lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toEqual({
      level: 40,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      messageId: 'order-42\n',
      msg: 'dead letter',
    });
  });

  test('is a line for people for each event on a terminal', () => {
    const { output, lines } = capture({ isTTY: true });
    createLogger('info', output).error({ err: new Error('disk full'), attempt: 2 }, 'delivery is held up');
    const [line = ''] = lines().map(stripVTControlCharacters);
    expect(line).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: delivery is held up .*"attempt":2/);
    expect(line).not.toContain('"level"');
  });

  test('leaves out what is below its level', () => {
    const { output, lines } = capture();
    const log = createLogger('warn', output);
    log.info('not this');
    log.warn('but this');
    expect(lines()).toHaveLength(1);
  });

  test('says nothing when it is silent', () => {
    const { output, lines } = capture();
    createLogger('silent', output).fatal('nothing');
    expect(lines()).toEqual([]);
  });
});

describe('the log of what holds delivery up', () => {
  function createHeldUp() {
    const said: { unsaid?: number; error: { message: string } }[] = [];
    let now = 0;
    const log = createLogger('error', { write: (line) => said.push(JSON.parse(line)) });
    const heldUp = createHeldUpLog(createLogLines(log), { now: () => now });
    const at = (time: number, error: string): void => {
      now = time;
      heldUp(new Error(error));
    };
    return { said: () => said.map(({ error, unsaid }) => [error.message, unsaid]), at };
  }

  test('speaks once a second, and counts what it did not say', () => {
    const { said, at } = createHeldUp();
    at(0, 'a');
    at(1, 'b');
    at(999, 'c');
    at(1_000, 'd');
    at(1_001, 'e');
    at(3_000, 'f');
    at(5_000, 'g');
    expect(said()).toEqual([
      ['a', undefined],
      ['d', 2],
      ['f', 1],
      ['g', undefined],
    ]);
  });

  test('does not fall silent when the clock is set back', () => {
    const { said, at } = createHeldUp();
    at(1_000_000, 'a');
    at(500, 'b');
    expect(said()).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });
});

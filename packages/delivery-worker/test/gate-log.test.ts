import { expect, test } from '@jest/globals';
import { START_TIME } from '@millrace/core/testing';
import { logCircuit } from '../src/gate/gate-log.ts';

test('each change of a circuit is one line: a warning when it opens, with times that people read', () => {
  const lines: unknown[] = [];
  const say = (level: string) => (fields: object, message: string) => lines.push([level, fields, message]);
  const log = logCircuit({ info: say('info'), warn: say('warn') });
  const lane = { senderId: 'billing', origin: 'https://partner.example' };
  log({ ...lane, from: 'closed', to: 'open', until: START_TIME });
  log({ ...lane, from: 'open', to: 'half-open', until: START_TIME });
  log({ ...lane, from: 'half-open', to: 'closed', until: null });
  const until = '2026-11-22T10:00:00.000Z';
  expect(lines).toEqual([
    ['warn', { ...lane, from: 'closed', to: 'open', until }, 'circuit'],
    ['info', { ...lane, from: 'open', to: 'half-open', until }, 'circuit'],
    ['info', { ...lane, from: 'half-open', to: 'closed' }, 'circuit'],
  ]);
});

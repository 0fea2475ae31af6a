import { describe, expect, test } from '@jest/globals';
import type { Lane } from '@millrace/core';
import fc from 'fast-check';
import { createTurns } from '../src/sqlite/turns.ts';

const lane = (senderId: string, origin: string): Lane => ({ senderId, origin });
const always = (_origin: string): boolean => true;

/** So many turns, one a round; whoever had one lines up again. */
function play(turns: ReturnType<typeof createTurns>, count: number, hasRoom = always): Lane[] {
  const played: Lane[] = [];
  for (let turn = 0; turn < count; turn++) {
    turns.goRound(hasRoom, (next) => {
      played.push(next);
      turns.add(next);
      return false;
    });
  }
  return played;
}

function tally(lanes: readonly Lane[], keyOf: (lane: Lane) => string): number[] {
  const counts = new Map<string, number>();
  for (const one of lanes) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return [...counts.values()];
}

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe('turns', () => {
  test('are shared by senders alike, however many lanes each has, and by the lanes of a sender', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }), (laneCounts) => {
        const turns = createTurns();
        for (const [sender, count] of laneCounts.entries()) {
          for (let index = 0; index < count; index++) turns.add(lane(`s${sender}`, `o${index}`));
        }
        const rounds = 2 * Math.max(...laneCounts);
        const played = play(turns, rounds * laneCounts.length);
        const bySender = tally(played, ({ senderId }) => senderId);
        expect(bySender).toHaveLength(laneCounts.length);
        expect(spread(bySender)).toBeLessThanOrEqual(1);
        for (const [sender, count] of laneCounts.entries()) {
          const own = tally(
            played.filter(({ senderId }) => senderId === `s${sender}`),
            ({ origin }) => origin,
          );
          expect(own).toHaveLength(count);
          expect(spread(own)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('of one who comes late come at once, not after all that wait, and not more often because it was away', () => {
    const turns = createTurns();
    for (let index = 0; index < 1_000; index++) turns.add(lane('many', `o${index}`));
    play(turns, 500);
    turns.add(lane('late', 'o0'));
    const played = play(turns, 20).map(({ senderId }) => senderId);
    expect(played.slice(0, 2)).toContain('late');
    expect(played.filter((sender) => sender === 'late').length).toBeLessThanOrEqual(11);
  });

  test('are kept by lanes whose origin has no room, and had as soon as it has', () => {
    const turns = createTurns();
    for (const origin of ['full', 'a', 'b']) turns.add(lane('s', origin));
    const played = play(turns, 10, (origin) => origin !== 'full');
    expect(new Set(played.map(({ origin }) => origin))).toEqual(new Set(['a', 'b']));
    expect(play(turns, 1)).toEqual([lane('s', 'full')]);
  });

  test('of a round tell which origins were passed over, and whether others are left', () => {
    const turns = createTurns();
    for (const origin of ['full', 'a', 'b']) turns.add(lane('s', origin));
    const hasRoom = (origin: string): boolean => origin !== 'full';
    expect(turns.goRound(hasRoom, () => false)).toEqual({ passed: ['full'], hasMore: true });
    expect(turns.goRound(hasRoom, () => true)).toEqual({ passed: ['full'], hasMore: false });
    expect(turns.size()).toBe(1);
  });

  test('of an origin without room cost one look, however many lanes go there', () => {
    const turns = createTurns();
    for (let index = 0; index < 1_000; index++) turns.add(lane(`s${index}`, 'full'));
    let looks = 0;
    turns.goRound(
      () => {
        looks += 1;
        return false;
      },
      () => true,
    );
    expect(looks).toBe(1);
  });

  test('survive one that fails: the others and those passed over are still there', () => {
    const turns = createTurns();
    for (const origin of ['full', 'a', 'b']) turns.add(lane('s', origin));
    const fail = (): boolean => {
      throw new Error('cannot serve');
    };
    expect(() => turns.goRound((origin) => origin !== 'full', fail)).toThrow('cannot serve');
    expect(play(turns, 2).map(({ origin }) => origin)).toEqual(['full', 'b']);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { DeliveryState, Status } from '@millrace/core';
import {
  decideClaim,
  decideRedrive,
  decideReplay,
  decideSettle,
  hasEnded,
  initialState,
  STATUSES,
  withinPlan,
} from '@millrace/core';

const NOW = 1_000_000;
const CLAIM = { now: NOW, token: 'mine', leaseUntil: NOW + 60_000, maxAttempts: 3 };

function makeState(changes: Partial<DeliveryState> = {}): DeliveryState {
  return { status: 'QUEUED', round: 4, attempts: 1, token: null, due: NOW, reason: null, replays: 0, ...changes };
}

/** In the hands of another worker until `due`. */
function makeProcessing(changes: Partial<DeliveryState> = {}): DeliveryState {
  return makeState({ status: 'PROCESSING', token: 'other', due: NOW + 1, ...changes });
}

function without(...statuses: Status[]): Status[] {
  return STATUSES.filter((status) => !statuses.includes(status));
}

test('a new message waits for its first attempt', () => {
  expect(initialState(NOW)).toEqual({
    status: 'QUEUED',
    round: 0,
    attempts: 0,
    token: null,
    due: NOW,
    reason: null,
    replays: 0,
  });
});

test('a message that has ended, and no other, has made no more attempts than its plan', () => {
  for (const status of STATUSES) {
    const attempts = hasEnded({ status }) ? 3 : 4;
    expect(withinPlan(makeState({ status, attempts: 4 }), 3)).toEqual(makeState({ status, attempts }));
    expect(withinPlan(makeState({ status, attempts: 2 }), 3)).toEqual(makeState({ status, attempts: 2 }));
  }
});

test('a message has ended when it is SUCCESS or FAILED', () => {
  expect(STATUSES.filter((status) => hasEnded({ status }))).toEqual(['SUCCESS', 'FAILED']);
});

describe('a claim', () => {
  test.each(['QUEUED', 'RETRYING'] as const)('of the round of a %s message wins its next attempt', (status) => {
    expect(decideClaim(makeState({ status }), 4, CLAIM)).toEqual({
      kind: 'won',
      takeover: false,
      state: makeState({ status: 'PROCESSING', attempts: 2, token: 'mine', due: CLAIM.leaseUntil }),
    });
  });

  test.each(['QUEUED', 'RETRYING'] as const)('of the round of a %s message is busy until it is due', (status) => {
    expect(decideClaim(makeState({ status, due: NOW + 1 }), 4, CLAIM)).toEqual({ kind: 'busy', until: NOW + 1 });
  });

  test.each([0, 3, 5, 6])('of round %i is stale when the message waits in round 4', (round) => {
    for (const status of ['QUEUED', 'RETRYING'] as const) {
      expect(decideClaim(makeState({ status }), round, CLAIM)).toEqual({ kind: 'stale' });
    }
  });

  test.each([4, 5])('of round %i is busy until the lease of round 4 ends', (round) => {
    expect(decideClaim(makeProcessing(), round, CLAIM)).toEqual({ kind: 'busy', until: NOW + 1 });
  });

  test.each([4, 5])('of round %i takes over at the instant when the lease of round 4 ends', (round) => {
    expect(decideClaim(makeProcessing({ due: NOW }), round, CLAIM)).toEqual({
      kind: 'won',
      takeover: true,
      state: makeProcessing({ round, attempts: 2, token: 'mine', due: CLAIM.leaseUntil }),
    });
  });

  test('takes over from a worker without a lease', () => {
    expect(decideClaim(makeProcessing({ due: null }), 4, CLAIM)).toMatchObject({ kind: 'won', takeover: true });
  });

  test.each([3, 4])('past the plan counts as one attempt more than the plan, after %i attempts', (attempts) => {
    const decision = decideClaim(makeProcessing({ due: NOW, attempts }), 4, CLAIM);
    expect(decision).toMatchObject({ kind: 'won', state: { attempts: CLAIM.maxAttempts + 1 } });
  });

  test.each([3, 6])('of round %i is stale when round 4 is at work, even after its lease', (round) => {
    for (const due of [NOW + 1, NOW]) {
      expect(decideClaim(makeProcessing({ due }), round, CLAIM)).toEqual({ kind: 'stale' });
    }
  });

  test.each(['SUCCESS', 'FAILED'] as const)('of any round is stale when the message is %s', (status) => {
    for (const round of [3, 4, 5]) {
      expect(decideClaim(makeState({ status, due: null }), round, CLAIM)).toEqual({ kind: 'stale' });
    }
  });
});

describe('a settled result', () => {
  const owned = makeProcessing({ token: 'mine', replays: 1 });

  test('of success ends the message, and its earlier reason is gone', () => {
    expect(decideSettle({ ...owned, reason: 'exhausted' }, 4, 'mine', { kind: 'success' })).toEqual({
      kind: 'settled',
      state: makeState({ status: 'SUCCESS', due: null, replays: 1 }),
    });
  });

  test('of a retry waits in the next round until it is due', () => {
    expect(decideSettle(owned, 4, 'mine', { kind: 'retry', due: NOW + 7 })).toEqual({
      kind: 'settled',
      state: makeState({ status: 'RETRYING', round: 5, due: NOW + 7, replays: 1 }),
    });
  });

  test.each([
    { requested: true, attempts: 1 },
    { requested: false, attempts: 0 },
  ])('of failure keeps its reason, and counts $attempts of 1 attempt when requested is $requested', (example) => {
    const result = { kind: 'failure', reason: 'gone', requested: example.requested } as const;
    expect(decideSettle(owned, 4, 'mine', result)).toEqual({
      kind: 'settled',
      state: makeState({ status: 'FAILED', attempts: example.attempts, due: null, reason: 'gone', replays: 1 }),
    });
  });
});

describe('the result of a worker that lost its claim', () => {
  const retry = { kind: 'retry', due: NOW } as const;
  const failure = { kind: 'failure', reason: 'rejected', requested: true } as const;
  const success = { kind: 'success' } as const;

  test.each(without('SUCCESS', 'FAILED'))('counts when it is success and the message is %s', (status) => {
    const state = makeState({ status, token: status === 'PROCESSING' ? 'other' : null });
    expect(decideSettle(state, 3, 'mine', success)).toMatchObject({ kind: 'settled', state: { status: 'SUCCESS' } });
  });

  test.each(['SUCCESS', 'FAILED'] as const)('changes nothing when the message is %s', (status) => {
    for (const result of [success, retry, failure]) {
      expect(decideSettle(makeState({ status, due: null }), 4, 'mine', result)).toEqual({ kind: 'acknowledge' });
    }
  });

  test.each(['QUEUED', 'PROCESSING', 'RETRYING'] as const)(
    'leaves the entry of a %s message while its round lasts, and acknowledges it afterwards',
    (status) => {
      const state = makeState({ status, token: status === 'PROCESSING' ? 'other' : null });
      for (const result of [retry, failure]) {
        expect(decideSettle(state, 4, 'mine', result)).toEqual({ kind: 'leave' });
        expect(decideSettle(state, 3, 'mine', result)).toEqual({ kind: 'acknowledge' });
      }
    },
  );

  test('does not count because its token is still there when the message is no longer at work', () => {
    expect(decideSettle(makeState({ status: 'RETRYING', token: 'mine' }), 4, 'mine', retry)).toEqual({ kind: 'leave' });
  });
});

describe('a replay', () => {
  test('gives a FAILED message a fresh plan, two rounds on', () => {
    const failed = makeState({ status: 'FAILED', attempts: 3, due: null, reason: 'exhausted', replays: 1 });
    expect(decideReplay(failed, NOW)).toEqual({
      kind: 'replayed',
      state: makeState({ status: 'QUEUED', round: 6, attempts: 0, due: NOW, replays: 2 }),
    });
  });

  test('sends the entry of a message again that waits since its replay', () => {
    expect(decideReplay(makeState({ replays: 1 }), NOW)).toEqual({ kind: 'again' });
  });

  test('is refused for a message that waits for the first time', () => {
    expect(decideReplay(makeState(), NOW)).toEqual({ kind: 'not-failed' });
  });

  test.each(without('QUEUED', 'FAILED'))('is refused for a %s message', (status) => {
    expect(decideReplay(makeState({ status, replays: 1 }), NOW)).toEqual({ kind: 'not-failed' });
  });
});

describe('an entry that its queue has given up', () => {
  const REDRIVEN = { status: 'FAILED', reason: 'redriven', token: null, due: null } as const;

  test.each(without('SUCCESS', 'FAILED', 'PROCESSING'))('ends a %s message of its round as FAILED', (status) => {
    const state = makeState({ status });
    expect(decideRedrive(state, 4, NOW)).toEqual({ kind: 'settled', state: { ...state, ...REDRIVEN } });
  });

  test.each([
    [4, 4],
    [3, 4],
  ])('of round %i ends a message whose worker died, in round %i', (round, entryRound) => {
    const state = makeProcessing({ round, due: NOW });
    expect(decideRedrive(state, entryRound, NOW)).toEqual({
      kind: 'settled',
      state: { ...state, ...REDRIVEN, round: entryRound },
    });
  });

  test('waits for a worker that has the message still', () => {
    expect(decideRedrive(makeProcessing(), 4, NOW)).toEqual({ kind: 'busy', until: NOW + 1 });
  });

  test.each(['SUCCESS', 'FAILED'] as const)('changes nothing of a message that is %s', (status) => {
    expect(decideRedrive(makeState({ status, due: null }), 4, NOW)).toEqual({ kind: 'acknowledge' });
  });

  test.each(STATUSES)('changes nothing of a %s message that has moved to a later round', (status) => {
    expect(decideRedrive(makeState({ status }), 3, NOW)).toEqual({ kind: 'acknowledge' });
  });
});

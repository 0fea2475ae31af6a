/** The targets, and the network on the way to them: each message has a script of what its requests come to. */

import { type AttemptOutcome, type Entry, type Identity, targetOrigin } from '@millrace/core';
import type { Answer, Outage } from './history.ts';
import { originOf, type SimMessage } from './messages.ts';
import type { Process } from './process.ts';
import { type Sim, START } from './sim.ts';
import type { Witness } from './witness.ts';

export interface Targets {
  /** The `Target` of a worker. */
  send(process: Process, entry: Pick<Entry, 'identity' | 'request'>, deadlineMs: number): Promise<AttemptOutcome>;
  /** From now on every target answers 200 at once. */
  heal(): void;
}

/** Around the length of a lease. */
const LEAST_STALL_MS = 30_000;
const MOST_STALL_MS = 110_000;

const HEALTHY: Answer = { kind: 'status', status: 200, delayMs: 20 };

export function createTargets(sim: Sim, messages: readonly SimMessage[], witness: Witness): Targets {
  const { timeline, coverage, faults } = sim;
  const answered = new Map<string, number>();
  let healed = false;

  function outageOf(targetUrl: string): Outage | undefined {
    const time = timeline.now() - START;
    return sim.history.outages.find(({ origin, at, forMs }) => {
      return targetOrigin(targetUrl) === originOf(origin) && time >= at && time < at + forMs;
    });
  }

  function nextAnswer({ messageId: name, targetUrl }: Identity): Answer {
    const outage = outageOf(targetUrl);
    if (outage !== undefined) return outage.answer;
    const number = answered.get(name) ?? 0;
    answered.set(name, number + 1);
    const script = messages.find((message) => message.name === name)?.plan.answers ?? [];
    return healed ? HEALTHY : (script[number] ?? HEALTHY);
  }

  return {
    send(process, entry, deadlineMs) {
      const { messageId: name } = entry.identity;
      const answer = nextAnswer(entry.identity);
      const fault = faults.strike('request');
      const end = witness.requests(process, entry, deadlineMs);
      sim.note(process.name, () => `requests ${name}: ${describe(answer)}`);
      if (fault === 'dies-before') process.die(`requesting ${name}`);
      if (fault === 'stalls') process.pause(sim.noise.between(`${name} stalls`, LEAST_STALL_MS, MOST_STALL_MS));
      if (!process.isAlive()) return new Promise(() => undefined);

      return new Promise((resolve) => {
        const { outcome, delayMs, statuses } = play(answer, deadlineMs);
        // The target goes on whatever becomes of the worker.
        timeline.at(timeline.now() + delayMs, () => {
          for (const status of statuses) witness.targetAnswered(name, status);
          witness.targets.targetAnswered(entry.identity, outcome);
          if (statuses.length > 1) coverage.count('requests seen twice');
          if (fault === 'dies-after') process.die(`${name} was answered`);
        });
        timeline.at(timeline.now() + Math.min(delayMs, deadlineMs), end);
        process.after(Math.min(delayMs, deadlineMs), () => {
          coverage.count(`outcomes ${outcome.kind}`);
          resolve(outcome);
        });
      });
    },
    heal() {
      healed = true;
    },
  };
}

/** What the worker learns, when, and what the target said, if it was asked. */
function play(
  answer: Answer,
  deadlineMs: number,
): { readonly outcome: AttemptOutcome; readonly delayMs: number; readonly statuses: readonly number[] } {
  switch (answer.kind) {
    case 'status':
    case 'twice': {
      const { status: statusCode, delayMs } = answer;
      const statuses = answer.kind === 'twice' ? [statusCode, statusCode] : [statusCode];
      if (delayMs >= deadlineMs) return { outcome: timeout(deadlineMs), delayMs, statuses };
      const retryAfter = 'retryAfterMs' in answer ? { retryAfterMs: answer.retryAfterMs } : {};
      return { outcome: { kind: 'response', statusCode, ...retryAfter }, delayMs, statuses };
    }
    case 'cut':
      return {
        outcome: { kind: 'connection', detail: 'ECONNRESET' },
        delayMs: answer.delayMs,
        statuses: answer.seen ? [200] : [],
      };
    case 'never':
      return { outcome: timeout(deadlineMs), delayMs: deadlineMs, statuses: [] };
    case 'unreachable':
      return { outcome: { kind: answer.error, detail: 'unreachable' }, delayMs: 1, statuses: [] };
  }
}

function timeout(deadlineMs: number): AttemptOutcome {
  return { kind: 'timeout', detail: `no answer within ${deadlineMs} ms` };
}

function describe(answer: Answer): string {
  switch (answer.kind) {
    case 'status':
      return `${answer.status} after ${answer.delayMs} ms`;
    case 'twice':
      return `seen twice, ${answer.status} after ${answer.delayMs} ms`;
    case 'cut':
      return `cut after ${answer.delayMs} ms, ${answer.seen ? 'seen' : 'not seen'}`;
    case 'never':
      return 'no answer';
    case 'unreachable':
      return answer.error;
  }
}

import type {
  AttemptOutcome,
  ClaimRequest,
  ClaimResult,
  Entry,
  Settlement,
  SettleResult,
  SigningSecret,
} from '@millrace/core';
import { createManualClock, type ManualClock } from '@millrace/core/testing';
import type { AttemptReport, DeliverDeps } from '../../src/deliver.ts';
import type { Signing } from '../../src/http-target.ts';
import { idOf } from './entries.ts';
import { secretNumber } from './signing.ts';

/** What the store and the target do when they are asked; by default the claim wins and the target answers 200. */
export interface Script {
  secretsOf?(senderId: string): Promise<readonly SigningSecret[]>;
  claim?(claim: ClaimRequest): Promise<ClaimResult | undefined> | ClaimResult | undefined;
  send?(entry: Pick<Entry, 'identity'>, deadlineMs: number): Promise<AttemptOutcome> | AttemptOutcome;
  settle?(settlement: Settlement): Promise<SettleResult | undefined> | SettleResult | undefined;
  handBack?(): Promise<void>;
  keepOrphans?(): Promise<void>;
}

export const REQUEST_TIMEOUT_MS = 30_000;

export const OK: AttemptOutcome = { kind: 'response', statusCode: 200, excerpt: '' };

export interface Scripted {
  readonly deps: DeliverDeps;
  readonly clock: ManualClock;
  /** What was asked of the store and the target, in order, with the message that it was about. */
  readonly events: readonly string[];
  readonly claims: readonly ClaimRequest[];
  readonly settlements: readonly Settlement[];
  readonly handedBack: readonly { readonly entry: Entry; readonly until: number }[];
  readonly orphans: readonly Entry[];
  /** Milliseconds that each exchange was given. */
  readonly deadlines: readonly number[];
  /** What each exchange was signed with. */
  readonly signings: readonly Signing[];
  readonly sleeps: readonly number[];
  readonly reports: readonly AttemptReport[];
  /** Why entries were left. */
  readonly errors: readonly unknown[];
}

/** The dependencies of the use case, played after a script. Sleeping moves the clock. */
export function makeScripted(script: Script = {}): Scripted {
  const clock = createManualClock();
  const events: string[] = [];
  const claims: ClaimRequest[] = [];
  const settlements: Settlement[] = [];
  const handedBack: { entry: Entry; until: number }[] = [];
  const orphans: Entry[] = [];
  const deadlines: number[] = [];
  const signings: Signing[] = [];
  const sleeps: number[] = [];
  const reports: AttemptReport[] = [];
  const errors: unknown[] = [];
  let tokens = 0;

  async function each<T, R>(
    items: readonly T[],
    play: (item: T) => Promise<R | undefined> | R | undefined,
  ): Promise<R[]> {
    const answers: R[] = [];
    for (const item of items) {
      const answer = await play(item);
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  }

  const win = ({ leaseMs }: ClaimRequest): ClaimResult => ({
    kind: 'won',
    attempt: 1,
    leaseUntil: clock.now() + leaseMs,
    takeover: false,
  });

  const deps: DeliverDeps = {
    store: {
      async claim(batch) {
        claims.push(...batch);
        events.push(`claim ${batch.map(({ entry }) => idOf(entry)).join(',')}`);
        const answers = await each(batch, script.claim ?? win);
        events.push(`claimed ${batch.map(({ entry }) => idOf(entry)).join(',')}`);
        return answers;
      },
      settle(batch) {
        settlements.push(...batch);
        events.push(`settle ${batch.map(({ entry }) => idOf(entry)).join(',')}`);
        return each<Settlement, SettleResult>(batch, script.settle ?? (() => 'settled'));
      },
      handBack(batch) {
        handedBack.push(...batch);
        events.push(`hand back ${batch.map(({ entry }) => idOf(entry)).join(',')}`);
        return script.handBack?.() ?? Promise.resolve();
      },
      keepOrphans(batch) {
        orphans.push(...batch);
        events.push(`keep ${batch.map(idOf).join(',')}`);
        return script.keepOrphans?.() ?? Promise.resolve();
      },
    },
    signing: { secretsOf: script.secretsOf ?? (() => Promise.resolve([secretNumber(1)])) },
    target: {
      async send(entry, deadlineMs, signing) {
        deadlines.push(deadlineMs);
        signings.push(signing);
        events.push(`send ${idOf(entry)}`);
        return (await script.send?.(entry, deadlineMs)) ?? OK;
      },
    },
    clock,
    random: () => 0.5,
    newToken: () => {
      tokens += 1;
      return `token-${tokens}`;
    },
    sleep(ms) {
      sleeps.push(ms);
      clock.advance(ms);
      return Promise.resolve();
    },
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    onAttempt: (report) => reports.push(report),
    onError: (error) => errors.push(error),
  };
  return {
    deps,
    clock,
    events,
    claims,
    settlements,
    handedBack,
    orphans,
    deadlines,
    signings,
    sleeps,
    reports,
    errors,
  };
}

/**
 * What a worker does with entries. Each step is safe to repeat, and made of writes in an order that loses nothing when
 * the process dies between two of them:
 *
 * ```
 * claim        one conditional write
 * success      one conditional write
 * retry        send the entry of the next round ──▶ row RETRYING
 * dead letter  check that the result counts ──▶ keep the entry ──▶ tell people ──▶ row FAILED
 * ```
 *
 * The usual case is one write without a look before. When its condition fails, the row that came with the failure goes
 * through the rules of the domain, and what they decide is written in its place, if it still stands.
 */

import pMap from 'p-map';
import { decideRedrive, decideSettle, type SettleDecision, withinPlan } from '../domain/lifecycle.ts';
import { contentHash, LIMITS } from '../domain/message.ts';
import type { AttemptError, Entry, Settlement, SettleResult } from '../ports/message-store.ts';
import { type AwsStoreParts, contended, LOOKS, WRITES_AT_ONCE } from './aws-store-parts.ts';
import { createClaim } from './dynamodb-claim.ts';
import { cut, ttlSeconds } from './message-item.ts';
import { type MessageRow, newRow } from './message-row.ts';
import type { Change } from './message-table.ts';

export function createDelivery(parts: AwsStoreParts) {
  const { table, queues, objects, clock, retention, newToken } = parts;

  /**
   * Writes what a decision makes of the row as it stands now.
   * @param row as it was seen last; undefined: there is none
   */
  async function writeDecision(
    entry: Entry,
    seen: MessageRow | undefined,
    token: string,
    decide: (row: MessageRow) => SettleDecision,
    change: Partial<MessageRow>,
  ): Promise<SettleResult> {
    let row = seen;
    for (let look = 0; look < LOOKS; look++) {
      if (row === undefined) return 'acknowledge';
      const isOwnWrite = row.writeToken === token;
      if (isOwnWrite) return 'settled';
      const decision = decide(row);
      if (decision.kind !== 'settled') return decision.kind;
      const state = withinPlan(decision.state, row.maxAttempts);
      const written = await table.replace({ ...row, ...state, ...change, writeToken: token }, row.writeToken);
      if (written.done) return 'settled';
      row = written.existing;
    }
    throw contended(entry.identity);
  }

  async function settleOne(settlement: Settlement): Promise<SettleResult> {
    const { entry, token, result, error } = settlement;
    const now = clock.now();
    const writeToken = newToken();
    const decide = (row: MessageRow) => decideSettle(row, entry.round, token, result);
    switch (result.kind) {
      case 'success': {
        const change = { updatedAt: now, removeAt: now + retention.succeededMs };
        const settled = await settleOwned(settlement, writeToken, { status: 'SUCCESS', due: null, ...change });
        return settled.done ? 'settled' : await writeDecision(entry, settled.existing, writeToken, decide, change);
      }
      case 'retry': {
        const round = entry.round + 1;
        await queues.sendAllWork([{ ...entry, round, notBefore: result.due }], clock.now());
        const change = { status: 'RETRYING', round, due: result.due, updatedAt: now, ...errorAttributes(error, now) };
        const settled = await settleOwned(settlement, writeToken, change);
        return settled.done
          ? 'settled'
          : await writeDecision(entry, settled.existing, writeToken, decide, {
              updatedAt: now,
              ...(error === null ? {} : { error: { ...error, at: now } }),
            });
      }
      case 'failure': {
        const row = await table.get(entry.identity);
        if (row === undefined) return 'acknowledge';
        const decision = decide(row);
        if (decision.kind !== 'settled') return decision.kind;
        await bury(entry, result.reason, error);
        return await writeDecision(entry, row, writeToken, decide, {
          updatedAt: now,
          removeAt: now + retention.failedMs,
          error: error === null ? row.error : { ...error, at: now },
        });
      }
    }
  }

  /** The usual case: the claim still has the message. */
  function settleOwned({ entry, token }: Settlement, writeToken: string, set: Record<string, string | number | null>) {
    const removeAt = set['removeAt'];
    const change: Change = {
      set: {
        ...set,
        ...(typeof removeAt === 'number' ? { ttl: ttlSeconds(removeAt) } : {}),
        token: null,
        reason: null,
        writeToken,
      },
    };
    return table.update(entry.identity, change, {
      expression: '#token = :token AND #status = :processing',
      names: ['token', 'status'],
      values: { token, processing: 'PROCESSING' },
    });
  }

  /** What must be certain before a row says FAILED: its entry can be replayed, and people are told. */
  async function bury(entry: Entry, reason: string, error: AttemptError | null): Promise<void> {
    await objects.keepFailed(entry);
    await queues.sendDeadLetter({ entry, reason, error: error?.message ?? null });
  }

  async function keepOrphan(entry: Entry): Promise<void> {
    const row = await table.get(entry.identity);
    if (row !== undefined) return;
    await bury(entry, 'orphan', null);
    const now = clock.now();
    const { identity, request, round, ...plan } = entry;
    const fresh = newRow({ identity, request, plan }, contentHash(request), now, newToken());
    const state = { status: 'FAILED', round, due: null, reason: 'orphan' } as const;
    await table.insert({ ...fresh, ...state, lifetime: LIMITS.lifetimeMs, removeAt: now + retention.failedMs }, now);
  }

  async function settleStrandedOne(entry: Entry): Promise<SettleResult> {
    const row = await table.get(entry.identity);
    if (row === undefined) {
      await keepOrphan(entry);
      return 'settled';
    }
    const now = clock.now();
    const decide = (seen: MessageRow): SettleDecision => {
      const decision = decideRedrive(seen, entry.round, now);
      return decision.kind === 'busy' ? { kind: 'leave' } : decision;
    };
    const decision = decide(row);
    if (decision.kind !== 'settled') return decision.kind;
    await bury(entry, 'redriven', null);
    const change = { updatedAt: now, removeAt: now + retention.failedMs };
    return await writeDecision(entry, row, newToken(), decide, change);
  }

  const each = <T, R>(items: readonly T[], one: (item: T) => Promise<R>): Promise<R[]> =>
    pMap(items, one, { concurrency: WRITES_AT_ONCE });

  return {
    claim: createClaim(parts),
    settle: (settlements: readonly Settlement[]) => each(settlements, settleOne),
    handBack: (entries: readonly { readonly entry: Entry; readonly until: number }[]): Promise<void> =>
      queues.sendAllWork(
        entries.map(({ entry, until }) => ({ ...entry, notBefore: until })),
        clock.now(),
      ),
    keepOrphans: async (entries: readonly Entry[]) => void (await each(entries, keepOrphan)),
    /**
     * Ends messages whose entries the queue has given up: FAILED, unless they have ended or moved on. `leave`: a worker
     * has the message, ask again later.
     */
    settleStranded: (entries: readonly Entry[]) => each(entries, settleStrandedOne),
  };
}

function errorAttributes(error: AttemptError | null, now: number): Record<string, string | number | null> {
  if (error === null) return {};
  return { error: cut(error.message), errorStatus: error.statusCode, errorAt: now };
}

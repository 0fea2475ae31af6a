/** One worker gets the attempt; the others learn whether they are early, late or lost. */

import pMap from 'p-map';
import { decideClaim } from '../domain/lifecycle.ts';
import type { ClaimRequest, ClaimResult } from '../ports/message-store.ts';
import { type AwsStoreParts, contended, LOOKS, WRITES_AT_ONCE } from './aws-store-parts.ts';
import type { MessageRow } from './message-row.ts';

export function createClaim({ table, clock }: AwsStoreParts) {
  async function claimOne({ entry, token, leaseMs }: ClaimRequest): Promise<ClaimResult> {
    const { identity, round } = entry;
    const now = clock.now();
    const leaseUntil = now + leaseMs;
    const claimed = await table.update(
      identity,
      {
        set: { status: 'PROCESSING', token, due: leaseUntil, updatedAt: now, writeToken: token },
        add: { attempts: 1 },
      },
      {
        expression:
          '#round = :round AND #status IN (:queued, :retrying) AND #due <= :now AND #attempts <= #maxAttempts',
        names: ['round', 'status', 'due', 'attempts', 'maxAttempts'],
        values: { round, queued: 'QUEUED', retrying: 'RETRYING', now },
      },
    );
    if (claimed.done) return won(claimed.row, leaseUntil, false);

    let row = claimed.existing;
    let takeover = false;
    for (let look = 0; look < LOOKS; look++) {
      if (row === undefined) return { kind: 'missing' };
      const isOwnWrite = row.writeToken === token;
      if (isOwnWrite) return won(row, row.due ?? leaseUntil, takeover);
      const { maxAttempts } = row;
      const decision = decideClaim(row, round, { now, token, leaseUntil, maxAttempts });
      if (decision.kind !== 'won') return decision;
      takeover = decision.takeover;
      const next = { ...row, ...decision.state, updatedAt: now, writeToken: token };
      const written = await table.replace(next, row.writeToken);
      if (written.done) return won(next, leaseUntil, takeover);
      row = written.existing;
    }
    throw contended(identity);
  }

  return (claims: readonly ClaimRequest[]): Promise<ClaimResult[]> =>
    pMap(claims, claimOne, { concurrency: WRITES_AT_ONCE });
}

function won({ attempts, expiresAt, lifetime }: MessageRow, leaseUntil: number, takeover: boolean): ClaimResult {
  return { kind: 'won', attempt: attempts, leaseUntil, takeover, since: expiresAt - lifetime };
}

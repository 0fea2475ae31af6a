/**
 * One broken rule each: a piece of the real code, and what stands in its place. A simulator that does not notice is
 * itself broken. A piece must be found exactly once in its file, so that a mutant never silently does nothing.
 */

import type { World } from '../history.ts';

export interface Mutant {
  readonly name: string;
  /** From the folder of the packages. */
  readonly file: string;
  readonly code: string;
  readonly instead: string;
  /** Where it can be seen; without it, everywhere. */
  readonly world?: World;
}

const LIFECYCLE = 'core/src/domain/lifecycle.ts';
const ATTEMPT = 'delivery-worker/src/attempt-result.ts';
const CIRCUIT = 'core/src/domain/circuit.ts';
const DELIVER = 'delivery-worker/src/deliver.ts';
const RECORDS = 'delivery-worker/src/sqs-records.ts';
const AWS_ACCEPT = 'core/src/aws/dynamodb-accept.ts';
const AWS_CLAIM = 'core/src/aws/dynamodb-claim.ts';
const AWS_DELIVERY = 'core/src/aws/dynamodb-delivery.ts';
const AWS_OPERATIONS = 'core/src/aws/dynamodb-operations.ts';
const ENGINE = 'core/src/sqlite/message-engine.ts';
const SQLITE_OPERATIONS = 'core/src/sqlite/message-operations.ts';

/** No mutant: it changes nothing that could be seen, and must get away. */
export const CONTROL: Mutant = {
  name: 'changes nothing',
  file: LIFECYCLE,
  code: 'const isThisRound = state.round === round;',
  instead: 'const isThisRound = round === state.round;',
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'claims without a look at the lease',
    file: LIFECYCLE,
    code: `return leaseUntil <= claim.now ? won(true) : { kind: 'busy', until: leaseUntil };`,
    instead: 'return won(true);',
  },
  {
    name: 'claims without a look at the round',
    file: LIFECYCLE,
    code: `if (!isWaiting || !isThisRound) return { kind: 'stale' };`,
    instead: `if (!isWaiting) return { kind: 'stale' };`,
  },
  {
    name: 'claims before the message is due',
    file: AWS_CLAIM,
    code: ' AND #due <= :now AND',
    instead: ' AND',
    world: 'aws',
  },
  {
    name: 'takes over without counting the attempt',
    file: LIFECYCLE,
    code: 'attempts: Math.min(state.attempts, claim.maxAttempts) + 1,',
    instead: 'attempts: takeover ? state.attempts : Math.min(state.attempts, claim.maxAttempts) + 1,',
  },
  {
    name: 'settles without owning the claim',
    file: LIFECYCLE,
    code: `const isOwner = state.status === 'PROCESSING' && state.token === token;`,
    instead: `const isOwner = state.status === 'PROCESSING';`,
    world: 'aws',
  },
  {
    name: 'refuses a late success',
    file: LIFECYCLE,
    code: `const isLateSuccess = result.kind === 'success' && !hasEnded(state);`,
    instead: 'const isLateSuccess = false;',
  },
  {
    name: 'takes a late success from a message that has ended',
    file: LIFECYCLE,
    code: `const isLateSuccess = result.kind === 'success' && !hasEnded(state);`,
    instead: `const isLateSuccess = result.kind === 'success';`,
  },
  {
    name: 'overwrites SUCCESS by a late result',
    file: AWS_DELIVERY,
    code: `      expression: '#token = :token AND #status = :processing',
      names: ['token', 'status'],
      values: { token, processing: 'PROCESSING' },`,
    instead: `      expression: '#token = :token OR #status <> :processing',
      names: ['token', 'status'],
      values: { token, processing: 'PROCESSING' },`,
    world: 'aws',
  },
  {
    name: 'acknowledges what another worker may have to take over',
    file: LIFECYCLE,
    code: `return hasEnded(state) || state.round > round ? { kind: 'acknowledge' } : { kind: 'leave' };`,
    instead: `return { kind: 'acknowledge' };`,
    world: 'aws',
  },
  {
    name: 'acknowledges before the result is settled',
    file: DELIVER,
    code: 'settled = await settle(',
    instead: `settled = 'acknowledge'; void settle(`,
    world: 'aws',
  },
  {
    name: 'gives a result up at the first failure, and acknowledges',
    file: DELIVER,
    code: 'if (!mayRetry) throw failure;',
    instead: `return 'acknowledge';`,
    world: 'aws',
  },
  {
    name: 'acknowledges a busy entry without handing a copy back',
    file: DELIVER,
    code: 'await deps.store.handBack([{ entry, until: claim.until }]);',
    instead: '',
    world: 'aws',
  },
  {
    name: 'acknowledges an early entry without handing it back',
    file: RECORDS,
    code: 'await deps.handBack([{ entry, until: entry.notBefore }]);',
    instead: '',
    world: 'aws',
  },
  {
    name: 'forgets an orphan',
    file: DELIVER,
    code: 'await deps.store.keepOrphans([entry]);',
    instead: '',
    world: 'aws',
  },
  {
    name: 'requests past the plan',
    file: ATTEMPT,
    code: `if (claim.attempt > entry.maxAttempts) return { kind: 'interrupted' };`,
    instead: '',
  },
  {
    name: 'requests what has expired',
    file: ATTEMPT,
    code: `if (startedAt >= entry.expiresAt) return { kind: 'expired' };`,
    instead: '',
  },
  {
    name: 'has leases that end before their requests',
    file: DELIVER,
    code: 'const isCovered = startedAt + deadlineMs <= claim.leaseUntil;',
    instead: 'const isCovered = true;',
    world: 'aws',
  },
  {
    name: 'has leases shorter than the deadline',
    file: DELIVER,
    code: 'const LEASE_MARGIN_MS = 15_000;',
    instead: 'const LEASE_MARGIN_MS = -15_000;',
  },
  {
    name: 'forgets to send the entry of a retry',
    file: AWS_DELIVERY,
    code: 'await queues.sendAllWork([{ ...entry, round, notBefore: result.due }], clock.now());',
    instead: '',
    world: 'aws',
  },
  {
    name: 'settles a retry before its entry is sent',
    file: AWS_DELIVERY,
    code: `        await queues.sendAllWork([{ ...entry, round, notBefore: result.due }], clock.now());
        const change = { status: 'RETRYING', round, due: result.due, updatedAt: now, ...errorAttributes(error, now) };
        const settled = await settleOwned(settlement, writeToken, change);`,
    instead: `        const change = { status: 'RETRYING', round, due: result.due, updatedAt: now, ...errorAttributes(error, now) };
        const settled = await settleOwned(settlement, writeToken, change);
        await queues.sendAllWork([{ ...entry, round, notBefore: result.due }], clock.now());`,
    world: 'aws',
  },
  {
    name: 'forgets the dead letter',
    file: AWS_DELIVERY,
    code: 'await queues.sendDeadLetter({ entry, reason, error: error?.message ?? null });',
    instead: '',
    world: 'aws',
  },
  {
    name: 'forgets the entry of a dead letter',
    file: AWS_DELIVERY,
    code: 'await objects.keepFailed(entry);',
    instead: '',
    world: 'aws',
  },
  {
    name: 'forgets the request of a dead letter',
    file: ENGINE,
    code: `        ...[error?.message ?? null, error?.statusCode ?? null, error === null ? null : now, id],
      );`,
    instead: `        ...[error?.message ?? null, error?.statusCode ?? null, error === null ? null : now, id],
      );
      if (hasEnded(state)) deleteRequest.run(id);`,
    world: 'machine',
  },
  {
    name: 'answers before the entry is sent',
    file: AWS_ACCEPT,
    code: `    const [faults] = await Promise.all([
      queues.sendWork(entries, now),`,
    instead: `    const [faults] = await Promise.all([
      (void queues.sendWork(entries, now), [] as unknown[]),`,
    world: 'aws',
  },
  {
    name: 'accepts although the entry was not sent',
    file: AWS_ACCEPT,
    code: 'faults[index] === undefined ? [] : [group]',
    instead: '[] as number[]',
    world: 'aws',
  },
  {
    name: 'does not hand out what is repeated',
    file: AWS_ACCEPT,
    code: 'return isSentAgain ? { result, entry: toEntry(message, existing) } : { result };',
    instead: 'return { result };',
    world: 'aws',
  },
  {
    name: 'lets a conflict overwrite',
    file: AWS_ACCEPT,
    code: `if (existing.contentHash !== hash) return { result: { kind: 'conflict' } };`,
    instead: `if (existing.contentHash !== hash) { await table.replace({ ...existing, contentHash: hash }, existing.writeToken); }`,
    world: 'aws',
  },
  {
    name: 'does not look at the content of a repeat',
    file: ENGINE,
    code: 'const isSame = existing.content_hash === record.contentHash;',
    instead: 'const isSame = true;',
    world: 'machine',
  },
  {
    name: 'hashes no content',
    file: 'core/src/domain/message.ts',
    code: 'JSON.stringify([method, sorted, bodyHash])',
    instead: 'JSON.stringify([method, sorted, bodyHash.length])',
  },
  {
    name: 'replays one round on only',
    file: LIFECYCLE,
    code: 'const REPLAY_ROUNDS = 2;',
    instead: 'const REPLAY_ROUNDS = 1;',
  },
  {
    name: 'replays without a fresh plan',
    file: LIFECYCLE,
    code: 'attempts: 0, due: now,',
    instead: 'attempts: state.attempts, due: now,',
    world: 'aws',
  },
  {
    name: 'replays without a fresh plan, on one machine',
    file: SQLITE_OPERATIONS,
    code: 'past_attempts = past_attempts + attempts, attempts = 0,',
    instead: 'past_attempts = past_attempts + attempts,',
    world: 'machine',
  },
  {
    name: 'does not send again what was replayed and waits',
    file: AWS_OPERATIONS,
    code: 'await sendAgain(row);',
    instead: '',
    world: 'aws',
  },
  {
    name: 'ends a message under a live lease when its queue gives it up',
    file: LIFECYCLE,
    code: `if (state.status === 'PROCESSING' && until > now) return { kind: 'busy', until };`,
    instead: '',
    world: 'aws',
  },
  {
    name: 'forgets what its queue gave up',
    file: RECORDS,
    code: 'const [result] = await deps.settleStranded([entry]);',
    instead: `const result = 'settled' as string;`,
    world: 'aws',
  },
  {
    name: 'leaves leases of a dead process as they are',
    file: 'core/src/sqlite/message-queue.ts',
    code: 'UPDATE messages SET due = ? WHERE sender_id = ?',
    instead: 'UPDATE messages SET due = nullif(1, ? > 0) WHERE sender_id = ?',
    world: 'machine',
  },
  {
    name: 'books a message twice',
    file: ENGINE,
    code: `counters.add('accepted', 1);
    backlog.add(`,
    instead: `counters.add('accepted', 2);
    backlog.add(`,
    world: 'machine',
  },
  {
    name: 'never probes an open circuit',
    file: CIRCUIT,
    code: 'return now >= until || now < since - CLOCK_SKEW_MS;',
    instead: 'return now < since - CLOCK_SKEW_MS && now < until;',
  },
  {
    name: 'never offers a lost probe again',
    file: CIRCUIT,
    code: `return isOver(circuit, now) ? { kind: 'probe' } : { kind: 'wait', until: circuit.until };`,
    instead: `return isOver(circuit, now) && circuit.state === 'open'
      ? { kind: 'probe' } : { kind: 'wait', until: Math.max(now + 1_000, circuit.until) };`,
  },
  {
    name: 'offers a probe while another is under way',
    file: CIRCUIT,
    code: `if (circuit === null || circuit.state === 'closed' || !isOver(circuit, now)) return undefined;`,
    instead: `if (circuit === null || circuit.state === 'closed') return undefined;`,
  },
  {
    name: 'lets messages go while a circuit is open',
    file: CIRCUIT,
    code: `return isOver(circuit, now) ? { kind: 'probe' } : { kind: 'wait', until: circuit.until };`,
    instead: `return isOver(circuit, now) ? { kind: 'probe' } : { kind: 'go' };`,
  },
  {
    name: 'believes for ever what it has read of targets',
    file: 'delivery-worker/src/gate/known-targets.ts',
    code: 'return now - readAt < BELIEVED_MS && now >= readAt;',
    instead: 'return readAt > 0;',
    world: 'aws',
  },
  {
    name: 'forgets whose a target is',
    file: 'delivery-worker/src/gate/known-targets.ts',
    code: 'export function targetId({ senderId, target }: TargetKey): string {',
    instead: `export function targetId({ target }: TargetKey, senderId = ''): string {`,
  },
  {
    name: 'holds the origin of a URL that is gone',
    file: 'core/src/domain/hold.ts',
    code: `return { of: 'url', hold: { kind: 'gone', since: now, why } };`,
    instead: `return { of: 'origin', hold: { kind: 'gone', since: now, why } };`,
  },
  {
    name: 'requests what must wait',
    file: DELIVER,
    code: `if (admission.kind === 'wait') {`,
    instead: `if (admission.kind === 'wait' && deps.clock.now() < 0) {`,
  },
  {
    name: 'acknowledges what must wait without handing it back',
    file: DELIVER,
    code: 'await deps.store.handBack([{ entry, until: Math.min(admission.until, entry.expiresAt) }]);',
    instead: '',
  },
  {
    name: 'requests what is held',
    file: ATTEMPT,
    code: `if (admission.kind === 'held') return admission;`,
    instead: '',
  },
  {
    name: 'counts what is held as an attempt',
    file: ATTEMPT,
    code: `  'held',
`,
    instead: '',
  },
  {
    name: 'counts more attempts than the plan when a message ends',
    file: LIFECYCLE,
    code: 'return hasEnded(state) ? { ...state, attempts: Math.min(state.attempts, maxAttempts) } : state;',
    instead: 'return maxAttempts > 0 ? state : state;',
  },
];

/**
 * The secrets that sign the requests of senders: made at first use, kept for a while so that a request does not wait
 * for their store, rotated by operators.
 */

import { randomBytes as systemRandomBytes } from 'node:crypto';
import { rememberLatest } from './bounded-map.ts';
import {
  createSecretDocument,
  formatSecretDocument,
  parseSecretDocument,
  rotateSecrets,
  type SecretDocument,
  secretsInForce,
} from './domain/secret-document.ts';
import { createSigningSecret, type SigningSecret } from './domain/signature.ts';
import { StoreUnavailableError } from './errors.ts';
import { createKeyLocks } from './key-locks.ts';
import type { Clock } from './ports/clock.ts';
import { type SecretStore, SecretUnusableError } from './ports/secret-store.ts';

/**
 * Every call may throw StoreUnavailableError (ask again later) and SecretUnusableError (a person must mend the secret of
 * this sender), or what else the store throws. No error quotes a secret.
 */
export interface SigningSecrets {
  /**
   * Those in force, newest first and at least one. What another process rotated is seen within a minute; while the store
   * is unavailable, what was read within the last hour goes on to be used.
   */
  secretsOf(senderId: string): Promise<readonly SigningSecret[]>;
  /** Those in force, as they are stored now. */
  show(senderId: string): Promise<SecretDocument>;
  /**
   * Puts a new secret first. Those of now stay in force for `overlapMs` beside it.
   *
   * Rotations of one sender follow each other within a process. Of two processes that rotate the same sender in the same
   * moment the last one counts: the other throws StoreUnavailableError when it can tell.
   */
  rotate(senderId: string, overlapMs: number): Promise<SecretDocument>;
}

export interface SigningSecretsDeps {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Gives as many bytes as it is asked for, that nobody can guess. Default: Node's. */
  readonly randomBytes?: (count: number) => Uint8Array;
  /** Senders whose secrets are kept at most. */
  readonly maxSenders?: number;
}

/** Milliseconds that secrets are used before they are read again. */
const FRESH_MS = 60_000;
/** Milliseconds until the next try, when they cannot be read or used. */
const RETRY_MS = 5_000;
/** Milliseconds that secrets are used when they cannot be read again. */
const STALE_MS = 3_600_000;
const MAX_SENDERS = 10_000;

/** What was found of a sender, and until when nobody looks again. Epoch milliseconds. */
interface Known {
  readonly found: SecretDocument | SecretUnusableError;
  readonly readAt: number;
  readonly lookedAt: number;
  readonly goodForMs: number;
}

/** The name of a sender's secrets in the store. */
export function signingSecretName(senderId: string): string {
  return `signing-${senderId}`;
}

export function createSigningSecrets(deps: SigningSecretsDeps): SigningSecrets {
  const { store, clock, randomBytes = systemRandomBytes, maxSenders = MAX_SENDERS } = deps;
  const kept = new Map<string, Known>();
  const looking = new Map<string, Promise<SecretDocument>>();
  /** What is read is never older than what a rotation before it wrote. */
  const locks = createKeyLocks();

  function keep(senderId: string, found: Known['found'], readAt = clock.now(), goodForMs = FRESH_MS): void {
    // Behind all others: the one that was looked at longest ago goes first.
    rememberLatest(kept, senderId, { found, readAt, lookedAt: clock.now(), goodForMs }, maxSenders);
  }

  function fresh(senderId: string): Known['found'] | undefined {
    const known = kept.get(senderId);
    const age = clock.now() - (known?.lookedAt ?? 0);
    // A clock that was set back must not keep anything for longer.
    return known !== undefined && age >= 0 && age < known.goodForMs ? known.found : undefined;
  }

  /** One look at a time for a sender, however many ask. */
  function lookUp(senderId: string): Promise<SecretDocument> {
    const running = looking.get(senderId);
    if (running !== undefined) return running;
    const started = locks.run(senderId, () => refresh(senderId)).finally(() => looking.delete(senderId));
    looking.set(senderId, started);
    return started;
  }

  async function refresh(senderId: string): Promise<SecretDocument> {
    try {
      return await readOrCreate(senderId);
    } catch (error) {
      const last = usableStill(senderId);
      if (!(error instanceof StoreUnavailableError) || last === undefined) throw error;
      keep(senderId, last.document, last.readAt, RETRY_MS);
      return last.document;
    }
  }

  function usableStill(senderId: string): { readonly document: SecretDocument; readonly readAt: number } | undefined {
    const known = kept.get(senderId);
    if (known === undefined || known.found instanceof SecretUnusableError) return undefined;
    const age = clock.now() - known.readAt;
    return age >= 0 && age < STALE_MS ? { document: known.found, readAt: known.readAt } : undefined;
  }

  /** As the store has it now. */
  async function readOrCreate(senderId: string): Promise<SecretDocument> {
    const name = signingSecretName(senderId);
    try {
      const document = readDocument(name, (await store.get(name)) ?? (await create(name)));
      keep(senderId, document);
      return document;
    } catch (error) {
      if (error instanceof SecretUnusableError) keep(senderId, error, clock.now(), RETRY_MS);
      throw error;
    }
  }

  function create(name: string): Promise<string> {
    const document = createSecretDocument(createSigningSecret(randomBytes), clock.now());
    return store.create(name, formatSecretDocument(document));
  }

  async function replace(senderId: string, overlapMs: number): Promise<SecretDocument> {
    const name = signingSecretName(senderId);
    const document = await readOrCreate(senderId);
    const secret = createSigningSecret(randomBytes);
    const rotated = rotateSecrets(document, { secret, now: clock.now(), overlapMs });
    await store.replace(name, formatSecretDocument(rotated));
    const stored = await readOrCreate(senderId);
    // Nobody may be told of a secret that will never sign.
    const isStored = stored.some((held) => held.secret.equals(secret));
    if (!isStored) throw new StoreUnavailableError(`the secret ${name} was rotated by another process in this moment`);
    return stored;
  }

  return {
    async secretsOf(senderId) {
      const found = fresh(senderId) ?? (await lookUp(senderId));
      if (found instanceof SecretUnusableError) throw found;
      return secretsInForce(found, clock.now()).map(({ secret }) => secret);
    },

    async show(senderId) {
      const document = await locks.run(senderId, () => readOrCreate(senderId));
      return secretsInForce(document, clock.now());
    },

    async rotate(senderId, overlapMs) {
      const document = await locks.run(senderId, () => replace(senderId, overlapMs));
      return secretsInForce(document, clock.now());
    },
  };
}

function readDocument(name: string, text: string): SecretDocument {
  const reading = parseSecretDocument(text);
  if ('document' in reading) return reading.document;
  throw new SecretUnusableError(name, reading.problems.join('; '));
}

/** What the protections of a message cost by themselves, called in a loop in this process. */

import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createAddressGuard,
  createSigningSecrets,
  KEY_BYTES,
  keyText,
  readKeyText,
  type StoredKey,
  signBody,
  systemClock,
} from '@millrace/core';
import { openFileSecretStore, openSqliteStore, type SqliteStore } from '@millrace/core/sqlite';
import { createTargetGate } from '@millrace/delivery-worker';
import { createBearerCallers, createKeyQuotas, openKeyRing } from '@millrace/ingest-api';
import { Context } from 'hono';
import { median } from './times.ts';

/** Microseconds of CPU of all threads of the process. */
export interface ProtectionCosts {
  /** Finding the sender's secret and signing one body with it. */
  readonly sign: number;
  /** Asking whether a message may go, its circuit being closed, and telling that it came through. */
  readonly gate: number;
  /** Finding out who calls by a key, and counting a message against its limits. */
  readonly key: number;
  /** Comparing one address of the internet with all ranges. */
  readonly address: number;
}

interface Costed {
  readonly folder: string;
  readonly bodyBytes: number;
}

/** The first round is of the compiler. */
const ROUNDS = 8;
const CALLS = 20_000;

const SENDER = 'bench';
const TARGET = 'https://partner.example/hook';
const INTERNET_ADDRESS = '93.184.216.34';
const LEASE_MS = 45_000;
const BACKLOG_LIMIT = 1_000_000;

/** @param folder where a database and secrets are made */
export async function measureProtectionCosts({ folder, bodyBytes }: Costed): Promise<ProtectionCosts> {
  const store = await openSqliteStore({ folder });
  try {
    return {
      sign: await microseconds(await signing(folder, bodyBytes)),
      gate: await microseconds(asking(store)),
      key: await microseconds(await checkingKey(store)),
      address: await microseconds(checkingAddress()),
    };
  } finally {
    await store.close();
  }
}

async function microseconds(work: () => unknown): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call++) await work();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / CALLS);
  }
  return median(rounds.slice(1));
}

async function signing(folder: string, bodyBytes: number): Promise<() => Promise<string>> {
  const store = await openFileSecretStore({ folder: `${folder}/secrets` });
  const secrets = createSigningSecrets({ store, clock: systemClock });
  const body = randomBytes(bodyBytes);
  const timestamp = Math.floor(Date.now() / 1_000);
  return async () => signBody(await secrets.secretsOf(SENDER), { id: `msg_${SENDER}`, timestamp }, body);
}

function asking({ circuits }: SqliteStore): () => Promise<void> {
  const gate = createTargetGate({
    store: circuits,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    sleep: (ms) => sleep(ms, undefined, { ref: false }),
    longestWaitMs: 15_000,
    onError: rethrow,
  });
  const identity = { senderId: SENDER, messageId: 'm', timestamp: '2026-01-01T00:00:00Z', targetUrl: TARGET };
  return async () => {
    const admission = await gate.ask({ identity }, LEASE_MS);
    if (admission.kind !== 'go') throw new Error(`the gate of a closed circuit says ${admission.kind}`);
    admission.end({ kind: 'response', statusCode: 200 });
  };
}

function rethrow(error: unknown): never {
  throw error;
}

async function checkingKey(store: SqliteStore): Promise<() => Promise<void>> {
  const text = keyText(randomBytes(KEY_BYTES));
  const keys = await openKeyRing(store.keys);
  await keys.add(storedKey(text));
  const defaults = { rate: null, backlog: BACKLOG_LIMIT };
  const quotas = createKeyQuotas({ backlog: store, clock: systemClock, defaults });
  const callerOf = createBearerCallers({ keys, clock: systemClock, quotas, isLocal: true });
  const headers = { authorization: `Bearer ${text}` };
  const context = new Context(new Request('http://127.0.0.1/message', { headers }));
  return async () => {
    const { quota } = await callerOf(context);
    quota?.assertOpen();
    const release = await quota?.admit(1);
    release?.();
  };
}

function storedKey(text: string): StoredKey {
  const read = readKeyText(text);
  if (read === undefined) throw new Error('a new key cannot be read');
  return {
    ...read,
    name: 'bench',
    senders: 'all',
    scopes: ['send'],
    createdAt: Date.now(),
    ...{ expiresAt: null, revokedAt: null },
    limits: { rate: null, backlog: null },
  };
}

function checkingAddress(): () => void {
  const guard = createAddressGuard(['127.0.0.0/8']);
  return () => {
    if (guard(INTERNET_ADDRESS) !== undefined) throw new Error(`${INTERNET_ADDRESS} is refused`);
  };
}

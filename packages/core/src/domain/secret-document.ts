/**
 * The secrets of a sender, as a secret store keeps them:
 *
 * ```json
 * { "version": 1, "secrets": [
 *   { "secret": "whsec_…", "createdAt": "2026-11-22T10:00:00.000Z" },
 *   { "secret": "whsec_…", "createdAt": "2026-05-01T10:00:00.000Z", "until": "2026-11-23T10:00:00.000Z" } ] }
 * ```
 *
 * Newest first. The first is in force until it is rotated, each of the others until its time.
 */

import { formatSigningSecret, parseSigningSecret, SECRET_BYTES, type SigningSecret } from './signature.ts';
import { parseInstant } from './timestamp.ts';

export interface HeldSecret {
  readonly secret: SigningSecret;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds: from then on it is not in force. Null: until it is rotated. */
  readonly until: number | null;
}

/** Invariant: never empty, and the first has no end, all others have one. */
export type SecretDocument = readonly HeldSecret[];

export interface Rotation {
  readonly secret: SigningSecret;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Milliseconds that the secrets of now stay in force beside the new one. */
  readonly overlapMs: number;
}

const VERSION = 1;

/** Secrets of one sender; each is a signature on every request, and all fit where the smallest store has 4 KB. */
export const MAX_SECRETS = 5;

const HOUR_MS = 3_600_000;
export const OVERLAP_MS = { usual: 24 * HOUR_MS, most: 7 * 24 * HOUR_MS } as const;

export function createSecretDocument(secret: SigningSecret, now: number): SecretDocument {
  return [{ secret, createdAt: now, until: null }];
}

/** The secrets that sign at a time, newest first; never none. */
export function secretsInForce(document: SecretDocument, now: number): SecretDocument {
  return document.filter(({ until }) => until === null || now < until);
}

/**
 * The new secret becomes the first. No other is in force for longer than the overlap, so that an overlap of 0 ends them
 * all; of too many, the oldest go.
 */
export function rotateSecrets(document: SecretDocument, { secret, now, overlapMs }: Rotation): SecretDocument {
  const end = now + overlapMs;
  const others = document.map((held) => ({ ...held, until: Math.min(held.until ?? end, end) }));
  return [...createSecretDocument(secret, now), ...secretsInForce(others, now)].slice(0, MAX_SECRETS);
}

export function formatSecretDocument(document: SecretDocument): string {
  const secrets = document.map(({ secret, createdAt, until }) => ({
    secret: formatSigningSecret(secret),
    createdAt: new Date(createdAt).toISOString(),
    ...(until === null ? {} : { until: new Date(until).toISOString() }),
  }));
  return JSON.stringify({ version: VERSION, secrets });
}

export type SecretDocumentReading =
  | { readonly document: SecretDocument }
  /** Everything that is wrong, each with its place. They quote nothing of the text: it may be a secret. */
  | { readonly problems: readonly string[] };

export function parseSecretDocument(text: string): SecretDocumentReading {
  const problems: string[] = [];
  const document = readDocument(text, problems);
  return problems.length > 0 ? { problems } : { document };
}

type Fields = Readonly<Record<string, unknown>>;

function readDocument(text: string, problems: string[]): HeldSecret[] {
  const root = parseJson(text);
  if (!isObject(root)) {
    problems.push('$ is not a JSON object');
    return [];
  }
  if (root['version'] !== VERSION) {
    // Its other members may mean something else.
    problems.push(`$.version is not ${VERSION}, the only one that this program knows`);
    return [];
  }
  refuseOthers(root, '$', ['version', 'secrets'], problems);
  const list = root['secrets'];
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_SECRETS) {
    problems.push(`$.secrets is not an array of 1 to ${MAX_SECRETS} secrets`);
    return [];
  }
  const held = list.map((item: unknown, index) => readHeld(item, index, problems));
  held.forEach(({ secret }, index) => {
    const isRepeated = held.slice(0, index).some((earlier) => secret !== null && earlier.secret?.equals(secret));
    if (isRepeated) problems.push(`$.secrets[${index}].secret is there twice`);
  });
  return held.flatMap(({ secret, ...times }) => (secret === null ? [] : [{ secret, ...times }]));
}

type Reading = Omit<HeldSecret, 'secret'> & { readonly secret: SigningSecret | null };

function readHeld(item: unknown, index: number, problems: string[]): Reading {
  const path = `$.secrets[${index}]`;
  if (!isObject(item)) {
    problems.push(`${path} is not an object`);
    return { secret: null, createdAt: 0, until: null };
  }
  refuseOthers(item, path, ['secret', 'createdAt', 'until'], problems);
  const secret = typeof item['secret'] === 'string' ? parseSigningSecret(item['secret']) : undefined;
  if (secret === undefined) {
    const { least, most } = SECRET_BYTES;
    problems.push(`${path}.secret is not whsec_ and the base64 of ${least} to ${most} bytes`);
  }
  const createdAt = readTime(item, 'createdAt', path, problems);
  const isFirst = index === 0;
  if (isFirst && item['until'] !== undefined) problems.push(`${path}.until must not be there: the first has no end`);
  const until = isFirst ? null : readTime(item, 'until', path, problems);
  return { secret: secret ?? null, createdAt, until };
}

function readTime(item: Fields, name: string, path: string, problems: string[]): number {
  const value = item[name];
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  if (instant === undefined) problems.push(`${path}.${name} is not an RFC 3339 date and time`);
  return instant?.epochMs ?? 0;
}

function refuseOthers(item: Fields, path: string, known: readonly string[], problems: string[]): void {
  const others = Object.keys(item).filter((name) => !known.includes(name));
  if (others.length > 0) problems.push(`${path} has members other than ${known.join(', ')}`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when it is not JSON; what the parser says of it would quote the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

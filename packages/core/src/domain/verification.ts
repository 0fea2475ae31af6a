/**
 * What a receiver does with a signed request: is it from someone who has the secret, unchanged, and new?
 */

import { timingSafeEqual } from 'node:crypto';
import { SIGNATURE_HEADERS, SIGNATURE_VERSION, type SigningSecret, signBody } from './signature.ts';

export interface SignedRequest {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As it was received, byte for byte. */
  readonly body: Uint8Array;
}

/** Something that is wrong with a signed request. */
export type SignatureFault =
  | { readonly kind: 'header-missing'; readonly header: string }
  /** The header is no whole number of seconds. */
  | { readonly kind: 'timestamp-unreadable' }
  /** Beyond the tolerance. `seconds` is the whole age. */
  | { readonly kind: 'too-old'; readonly seconds: number }
  /** From a future beyond the tolerance. */
  | { readonly kind: 'too-new'; readonly seconds: number }
  /** The header holds no signature of a kind that is known. */
  | { readonly kind: 'signature-unreadable' }
  /** None of the signatures is of one of the secrets: another secret, or another id, timestamp or body was signed. */
  | { readonly kind: 'signature-wrong' };

export interface VerifyOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** How far the timestamp may be from now, either way. */
  readonly toleranceSeconds?: number;
}

/** As the specification wants it: 5 minutes. */
export const TOLERANCE_SECONDS = 300;

const SHA256_BYTES = 32;

/**
 * Everything that is wrong; empty when the request is good. It is good when any of its signatures is of any of the
 * secrets, as it is while secrets are rotated.
 */
export function findSignatureFaults(
  { headers, body }: SignedRequest,
  secrets: readonly SigningSecret[],
  { now, toleranceSeconds = TOLERANCE_SECONDS }: VerifyOptions,
): readonly SignatureFault[] {
  const missing = Object.values(SIGNATURE_HEADERS).filter((header) => (headers[header] ?? '') === '');
  if (missing.length > 0) return missing.map((header) => ({ kind: 'header-missing', header }));

  const id = headers[SIGNATURE_HEADERS.id] ?? '';
  const timestamp = headers[SIGNATURE_HEADERS.timestamp] ?? '';
  const given = readSignatures(headers[SIGNATURE_HEADERS.signature] ?? '');
  const faults: SignatureFault[] = [...timestampFaults(timestamp, Math.floor(now / 1_000), toleranceSeconds)];
  if (given.length === 0) faults.push({ kind: 'signature-unreadable' });
  else if (!isSigned(given, secrets, { id, timestamp }, body)) faults.push({ kind: 'signature-wrong' });
  return faults;
}

function timestampFaults(text: string, nowSeconds: number, toleranceSeconds: number): readonly SignatureFault[] {
  if (!/^\d{1,12}$/.test(text)) return [{ kind: 'timestamp-unreadable' }];
  const age = nowSeconds - Number(text);
  if (age > toleranceSeconds) return [{ kind: 'too-old', seconds: age }];
  if (-age > toleranceSeconds) return [{ kind: 'too-new', seconds: -age }];
  return [];
}

/** Those of the known version; receivers ignore others, which a later specification may bring. */
function readSignatures(header: string): readonly Buffer[] {
  return header
    .split(' ')
    .filter((entry) => entry.startsWith(`${SIGNATURE_VERSION},`))
    .map((entry) => Buffer.from(entry.slice(SIGNATURE_VERSION.length + 1), 'base64'))
    .filter((bytes) => bytes.length === SHA256_BYTES);
}

/** Compares every signature with every secret, in a time that does not tell how much of one was right. */
function isSigned(
  given: readonly Buffer[],
  secrets: readonly SigningSecret[],
  context: { readonly id: string; readonly timestamp: string },
  body: Uint8Array,
): boolean {
  let found = false;
  for (const secret of secrets) {
    const [expected] = readSignatures(signBody([secret], context, body));
    for (const signature of given) if (expected !== undefined && timingSafeEqual(signature, expected)) found = true;
  }
  return found;
}

/**
 * Signatures after Standard Webhooks (https://www.standardwebhooks.com), by which a receiver knows that a request is
 * from its sender, unchanged, and new.
 *
 * What is signed: `id.timestamp.body`, the body as the bytes that are sent. Each secret in force gives a signature, so
 * that a receiver that knows any of them can verify.
 */

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

export const SIGNATURE_HEADERS = {
  id: 'webhook-id',
  /** Epoch seconds of the attempt. */
  timestamp: 'webhook-timestamp',
  /** `v1,` and base64, once for every secret in force, separated by spaces. */
  signature: 'webhook-signature',
} as const;

/** Opaque: logs, JSON and errors do not show what is in it, only `formatSigningSecret` does. */
export type SigningSecret = KeyObject;

/** What a signature is about, beside the body. */
export interface SignedContext {
  /** Without a dot, so that it ends where it seems to. */
  readonly id: string;
  /** Epoch seconds, as the header has them. */
  readonly timestamp: number | string;
}

/** Signs a body that comes in parts. */
export interface Signer {
  update(chunk: Uint8Array): void;
  /** The value of `webhook-signature`. To be asked for once, after the last part. */
  digest(): string;
}

const SECRET_PREFIX = 'whsec_';
/** Bytes of a secret: what the specification allows, and what is generated. */
export const SECRET_BYTES = { least: 24, most: 64, generated: 32 } as const;

export const SIGNATURE_VERSION = 'v1';

/**
 * Reads `whsec_` and the base64 of 24 to 64 bytes, as `formatSigningSecret` writes it.
 *
 * @returns undefined when it is anything else
 */
export function parseSigningSecret(text: string): SigningSecret | undefined {
  if (!text.startsWith(SECRET_PREFIX)) return undefined;
  const bytes = Buffer.from(text.slice(SECRET_PREFIX.length), 'base64');
  const isLongEnough = bytes.length >= SECRET_BYTES.least && bytes.length <= SECRET_BYTES.most;
  if (!isLongEnough) return undefined;
  const secret = createSecretKey(bytes);
  // Node reads what is not base64 as something else: only the one spelling of the bytes is taken.
  return formatSigningSecret(secret) === text ? secret : undefined;
}

/** The secret as receivers get it. */
export function formatSigningSecret(secret: SigningSecret): string {
  return SECRET_PREFIX + secret.export().toString('base64');
}

/** @param randomBytes gives as many bytes as it is asked for, that nobody can guess */
export function createSigningSecret(randomBytes: (count: number) => Uint8Array): SigningSecret {
  return createSecretKey(randomBytes(SECRET_BYTES.generated));
}

/**
 * Begins a signature, or one for each secret, in their order.
 *
 * @throws RangeError without a secret: nothing goes out unsigned
 */
export function createSigner(secrets: readonly SigningSecret[], { id, timestamp }: SignedContext): Signer {
  if (secrets.length === 0) throw new RangeError('there is no secret to sign with');
  const hmacs = secrets.map((secret) => createHmac('sha256', secret).update(`${id}.${timestamp}.`));
  return {
    update(chunk) {
      for (const hmac of hmacs) hmac.update(chunk);
    },
    digest: () => hmacs.map((hmac) => `${SIGNATURE_VERSION},${hmac.digest('base64')}`).join(' '),
  };
}

/** The value of `webhook-signature` for a body that is there as a whole. @throws RangeError without a secret */
export function signBody(secrets: readonly SigningSecret[], context: SignedContext, body: Uint8Array): string {
  const signer = createSigner(secrets, context);
  signer.update(body);
  return signer.digest();
}

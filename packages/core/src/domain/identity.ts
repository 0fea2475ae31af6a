/**
 * What makes two messages the same message, and the names derived from it.
 */

import { hash } from 'node:crypto';
import { base32 } from './base32.ts';

/**
 * The identity of a message: its four parts in canonical form.
 *
 * Invariant: two requests mean the same message exactly when all four parts are equal.
 */
export interface Identity {
  readonly senderId: string;
  readonly messageId: string;
  /** Canonical text of an `Instant`. */
  readonly timestamp: string;
  /** Canonical target URL, see `canonicalUrl`. */
  readonly targetUrl: string;
}

/** The keys under which a store keeps a message. */
export interface IdentityKey {
  /** `senderId#messageId`, both percent-encoded. */
  readonly pk: string;
  /** `timestamp#hash of targetUrl`. */
  readonly sk: string;
}

/**
 * The one text for all spellings of a URL: WHATWG serialisation without the fragment, which never reaches a server.
 * Canonical text is a fixed point.
 *
 * @throws TypeError when the text is not an absolute URL.
 */
export function canonicalUrl(text: string): string {
  const url = new URL(text);
  url.hash = '';
  return url.href;
}

/** `%` and `#` are the only characters that could make two pairs of ids share a key. */
function encodePart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('#', '%23');
}

/** The storage keys of an identity. Different identities have different keys. */
export function identityKey(identity: Identity): IdentityKey {
  return {
    pk: `${encodePart(identity.senderId)}#${encodePart(identity.messageId)}`,
    sk: `${identity.timestamp}#${hash('sha256', identity.targetUrl, 'base64url')}`,
  };
}

const WEBHOOK_ID_BYTES = 20; // 160 bits: 32 characters of base32, no padding

/**
 * The `webhook-id` header: the same for every attempt of a message, and different for different messages, so that a
 * receiver can drop a repeat. `messageId` itself is neither unique nor free of characters that the header forbids.
 */
export function webhookId(identity: Identity): string {
  const id = known.get(identity) ?? makeWebhookId(identity);
  known.set(identity, id);
  return id;
}

/** The request, the log and the attempt log of one attempt ask for it, and hashing is most of what each of them costs. */
const known = new WeakMap<Identity, string>();

function makeWebhookId(identity: Identity): string {
  const { pk, sk } = identityKey(identity);
  const digest = hash('sha256', `${pk}\n${sk}`, 'buffer').subarray(0, WEBHOOK_ID_BYTES);
  return `msg_${base32(digest)}`;
}

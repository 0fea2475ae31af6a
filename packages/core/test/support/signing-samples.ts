import { createSigningSecret, type SigningSecret } from '@millrace/core';
import fc from 'fast-check';

/** Another secret for every number from 0 to 255. */
export function secretNumber(number: number): SigningSecret {
  return createSigningSecret((count) => new Uint8Array(count).fill(number));
}

/** `whsec_…` of any length that is allowed. */
export const aSecretText = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);

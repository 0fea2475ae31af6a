import { createSigningSecret, type SigningSecret } from '@millrace/core';
import { START_TIME } from '@millrace/core/testing';
import type { Signing } from '../../src/http-target.ts';

/** Another secret for every number from 0 to 255. */
export function secretNumber(number: number): SigningSecret {
  return createSigningSecret((count) => new Uint8Array(count).fill(number));
}

export function aSigning(overrides: Partial<Signing> = {}): Signing {
  return { secrets: [secretNumber(1)], timestamp: START_TIME / 1_000, ...overrides };
}

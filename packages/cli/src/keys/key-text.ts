/** Keys in words. */

import type { KeyView } from '../api-shapes.ts';
import { cleanText, formatTime } from '../term/format.ts';

export function describeSenders({ senders }: KeyView): string {
  return senders[0] === '*' ? 'all senders' : cleanText(senders.join(', '));
}

export function describeExpiry({ expiresAt }: KeyView): string {
  return expiresAt === null ? 'for ever' : `until ${formatTime(expiresAt)}`;
}

/** Whether it is good, as of now. */
export function describeState({ expiresAt, revokedAt }: KeyView, now: number): 'good' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= now ? 'expired' : 'good';
}

export function describeLimits({ rate, backlog }: KeyView): string {
  const parts = [
    ...(rate === null ? [] : [`${rate.perSecond}/s, ${rate.burst} at once`]),
    ...(backlog === null ? [] : [`${backlog} waiting`]),
  ];
  return parts.join('; ');
}

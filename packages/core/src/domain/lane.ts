/**
 * What is held apart when messages are handed out: a lane is all that one sender sends to one origin, so that neither a
 * slow target nor a sender with a million messages delays the others.
 */

import type { Identity } from './identity.ts';

export interface Lane {
  readonly senderId: string;
  /** Scheme, host and port of the target. */
  readonly origin: string;
}

/** Where the first slash after `http://` or `https://` and at least one character of a host can be. */
const EARLIEST_PATH = 8;

/** The origin of a canonical URL of http or https, which has no credentials in it. */
export function originOf(targetUrl: string): string {
  const path = targetUrl.indexOf('/', EARLIEST_PATH);
  return targetUrl.slice(0, path === -1 ? EARLIEST_PATH - 1 : path);
}

export function laneOf({ senderId, targetUrl }: Pick<Identity, 'senderId' | 'targetUrl'>): Lane {
  return { senderId, origin: originOf(targetUrl) };
}

/** The same text for the same lane: neither a sender's id nor an origin has a space. */
export function laneKey({ senderId, origin }: Lane): string {
  return `${senderId} ${origin}`;
}

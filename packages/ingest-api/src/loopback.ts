import { isIP } from 'node:net';

/** Is it an address or name by which a machine speaks to itself? IPv6 with or without brackets. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

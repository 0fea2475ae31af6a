/**
 * Which addresses a target may have. A message names its target, so without a guard whoever may send could reach what
 * only this machine can reach: its own services, the network around it, the metadata of a cloud.
 */

import { isWithin, parseAddress, parseCidr, unmapped } from './ip-range.ts';
import { SPECIAL_RANGES } from './special-ranges.ts';

/** Says what an address is that must not be connected to, in words that follow "is"; undefined when it may be. */
export type AddressGuard = (address: string) => string | undefined;

const REFUSED = SPECIAL_RANGES.map(({ cidr, name, rfc }) => ({
  range: parseCidr(cidr),
  description: `${name} (${cidr}, RFC ${rfc})`,
}));

/**
 * Lets global unicast addresses pass, and those of the allowed ranges. Whatever cannot be read as one address is
 * refused. An IPv4 address within an IPv6 one (`::ffff:a.b.c.d`) is judged as what it is: the connection is IPv4.
 *
 * @throws TypeError when a range is none, see `cidrFault`
 */
export function createAddressGuard(allowedCidrs: readonly string[]): AddressGuard {
  const allowed = allowedCidrs.map(parseCidr);
  return (text) => {
    const parsed = parseAddress(text);
    if (parsed === undefined) return 'not an IP address';
    const address = unmapped(parsed);
    if (allowed.some((range) => isWithin(address, range))) return undefined;
    return REFUSED.find(({ range }) => isWithin(address, range))?.description;
  };
}

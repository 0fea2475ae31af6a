/**
 * IP addresses and ranges of them, read strictly: a text that two programs could take for two addresses is none.
 */

import ipaddr from 'ipaddr.js';

export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

export interface IpRange {
  readonly network: IpAddress;
  /** Leading bits that all addresses of the range share with the network. */
  readonly prefixLength: number;
}

const HEX_GROUPS = /^[\da-f:]+$/i;
const DOTTED_TAIL = /^(.*:)([\d.]+)$/;
const CIDR = /^([^/]+)\/(0|[1-9]\d*)$/;

/**
 * Reads an address. IPv4 is four decimal numbers without leading zeros.
 *
 * @returns undefined for anything else, and for an address with a zone (`fe80::1%eth0`)
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const groups = withoutDots(text);
  return HEX_GROUPS.test(groups) && ipaddr.IPv6.isValid(groups) ? ipaddr.IPv6.parse(groups) : undefined;
}

/** The library takes `::192.0.2.1` for `::ffff:192.0.2.1`. It is `::c000:201`, so that is what the library gets. */
function withoutDots(text: string): string {
  const [, head = '', tail = ''] = DOTTED_TAIL.exec(text) ?? [];
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return text;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The IPv4 address that is written as `::ffff:a.b.c.d`; any other address is itself. */
export function unmapped(address: IpAddress): IpAddress {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

export function isWithin(address: IpAddress, { network, prefixLength }: IpRange): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength);
}

/** @throws TypeError saying what is wrong, see `cidrFault` */
export function parseCidr(text: string): IpRange {
  const range = readCidr(text);
  if (typeof range === 'string') throw new TypeError(`"${text}" ${range}`);
  return range;
}

/** What is wrong with a range such as `10.0.0.0/8`, in words that follow it; undefined when nothing is. */
export function cidrFault(text: string): string | undefined {
  const range = readCidr(text);
  return typeof range === 'string' ? range : undefined;
}

function readCidr(text: string): IpRange | string {
  const single = parseAddress(text);
  if (single !== undefined) return `has no prefix length: write ${text}/${bitsOf(single)} for this one address`;
  const [, base = '', length = ''] = CIDR.exec(text) ?? [];
  const address = parseAddress(base);
  if (address === undefined) return 'is not a range such as 10.0.0.0/8 or fd00::/8';

  const bits = bitsOf(address);
  const prefixLength = Number(length);
  if (prefixLength > bits) return `has a prefix of more than ${bits} bits`;
  const network = networkOf(address, prefixLength);
  if (!address.match(network, bits)) {
    return `has bits set behind its prefix: write ${network}/${length} for the range, or ${base}/${bits} for the address`;
  }
  const v4 = unmapped(network);
  if (v4 !== network && prefixLength >= MAPPED_PREFIX) return `is IPv4: write ${v4}/${prefixLength - MAPPED_PREFIX}`;
  return { network, prefixLength };
}

/** Of `::ffff:0:0/96`, behind which IPv4 addresses are written. */
const MAPPED_PREFIX = 96;

function bitsOf(address: IpAddress): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function networkOf(address: IpAddress, prefixLength: number): IpAddress {
  const cidr = `${address}/${prefixLength}`;
  return address.kind() === 'ipv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
    : ipaddr.IPv6.networkAddressFromCIDR(cidr);
}

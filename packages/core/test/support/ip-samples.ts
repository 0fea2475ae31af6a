/** IP addresses as numbers, in all their spellings, with Node's own lists as the judge. */

import { BlockList } from 'node:net';
import fc from 'fast-check';

export type Family = 'ipv4' | 'ipv6';

export interface Sample {
  readonly family: Family;
  readonly bits: bigint;
  /** One spelling of many. */
  readonly text: string;
}

const WIDTH = { ipv4: 32, ipv6: 128 } as const;
const MAPPED = 0xffffn << 32n;

/** An address anywhere. */
export function anyAddress(family: Family): fc.Arbitrary<Sample> {
  return spelled(family, fc.bigInt({ min: 0n, max: (1n << BigInt(WIDTH[family])) - 1n }));
}

/** An address of a range, its first and its last often among them. */
export function addressIn(cidr: string): fc.Arbitrary<Sample> {
  const { family, first, last } = boundsOf(cidr);
  return spelled(family, fc.oneof(fc.constantFrom(first, last), fc.bigInt({ min: first, max: last })));
}

/** A range anywhere, but none of IPv4 addresses that are written as IPv6. */
export function cidrOf(families: fc.Arbitrary<Family>): fc.Arbitrary<string> {
  const range = families.chain((family) =>
    fc.tuple(anyAddress(family), fc.nat(WIDTH[family])).map(([{ bits }, prefix]) => {
      const free = BigInt(WIDTH[family] - prefix);
      return `${plainText(family, (bits >> free) << free)}/${prefix}`;
    }),
  );
  return range.filter((cidr) => !cidr.startsWith('0:0:0:0:0:ffff:'));
}

/** The address before a range and the one behind it; all zeros and all ones have only one neighbour. */
export function neighboursOf(cidr: string): readonly { readonly family: Family; readonly text: string }[] {
  const { family, first, last } = boundsOf(cidr);
  const end = 1n << BigInt(WIDTH[family]);
  const neighbours = [first - 1n, last + 1n].filter((bits) => bits >= 0n && bits < end);
  return neighbours.map((bits) => ({ family, text: plainText(family, bits) }));
}

/** Is an address of the family, in its plain text, in one of the ranges? By the parser and the arithmetic of Node. */
export function createJudge(cidrs: readonly string[]): (family: Family, text: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    const family = familyOf(cidr);
    lists[family].addSubnet(network, Number(prefix), family);
  }
  return (family, text) => lists[family].check(text, family);
}

export function plainText(family: Family, bits: bigint): string {
  if (family === 'ipv4') return dotted(bits);
  return groupsOf(bits)
    .map((group) => group.toString(16))
    .join(':');
}

function familyOf(text: string): Family {
  return text.includes(':') ? 'ipv6' : 'ipv4';
}

function boundsOf(cidr: string): { family: Family; first: bigint; last: bigint } {
  const [network = '', prefix] = cidr.split('/');
  const family = familyOf(cidr);
  const first = family === 'ipv4' ? readDotted(network) : readGroups(network);
  return { family, first, last: first + (1n << BigInt(WIDTH[family] - Number(prefix))) - 1n };
}

function spelled(family: Family, bits: fc.Arbitrary<bigint>): fc.Arbitrary<Sample> {
  return bits.chain((value) => spellingOf(family, value).map((text) => ({ family, bits: value, text })));
}

function spellingOf(family: Family, bits: bigint): fc.Arbitrary<string> {
  const full = family === 'ipv6' ? bits : MAPPED | bits;
  const v6 = fc
    .record({ hasDots: fc.boolean(), isPadded: fc.boolean(), from: fc.nat(7), length: fc.integer({ min: 1, max: 8 }) })
    .map(({ hasDots, isPadded, from, length }) => {
      const groups = groupsOf(full).map((group) => group.toString(16).padStart(isPadded ? 4 : 1, '0'));
      const parts = hasDots ? [...groups.slice(0, 6), dotted(full & 0xffff_ffffn)] : groups;
      const isZeros = parts.slice(from, from + length).every((part) => /^0+$/.test(part)) && from < parts.length;
      if (!isZeros) return parts.join(':');
      return `${parts.slice(0, from).join(':')}::${parts.slice(from + length).join(':')}`;
    });
  const v6InAnyCase = v6.chain((text) => fc.mixedCase(fc.constant(text)));
  return family === 'ipv6' ? v6InAnyCase : fc.oneof(fc.constant(dotted(bits)), v6InAnyCase);
}

function dotted(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
}

function groupsOf(bits: bigint): readonly bigint[] {
  return [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => (bits >> shift) & 0xffffn);
}

function readDotted(text: string): bigint {
  return text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

/** Of a network, which ends in `::` when it has zeros at its end. */
function readGroups(text: string): bigint {
  const [head = '', tail = ''] = text.split('::');
  const list = (part: string) => (part === '' ? [] : part.split(':'));
  const [left, right] = [list(head), list(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

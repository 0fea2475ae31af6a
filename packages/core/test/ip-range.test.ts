import { describe, expect, test } from '@jest/globals';
import { cidrFault } from '@millrace/core';
import fc from 'fast-check';
import { anyAddress, cidrOf, type Family } from './support/ip-samples.ts';

const families = fc.constantFrom<Family>('ipv4', 'ipv6');
const WIDTH = { ipv4: 32, ipv6: 128 } as const;

describe('a range of addresses', () => {
  test('is a network and its prefix length, whatever they are', () => {
    fc.assert(
      fc.property(cidrOf(families), (cidr) => {
        expect(cidrFault(cidr)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('has no bits behind its prefix, and when it has, what to write instead is told', () => {
    const addressAndPrefix = families.chain((family) => fc.tuple(anyAddress(family), fc.nat(WIDTH[family])));
    fc.assert(
      fc.property(addressAndPrefix, ([{ family, bits, text }, prefix]) => {
        const behind = (1n << BigInt(WIDTH[family] - prefix)) - 1n;
        const isV6 = text.includes(':');
        fc.pre(isV6 === (family === 'ipv6') && (bits & behind) !== 0n);
        const fault = cidrFault(`${text}/${prefix}`) ?? '';
        const [, range = '', address = ''] =
          /^has bits set behind its prefix: write (\S+) for the range, or (\S+) for the address$/.exec(fault) ?? [];
        expect(address).toBe(`${text}/${WIDTH[family]}`);
        expect(range).toMatch(new RegExp(`/${prefix}$`));
        expect(cidrFault(range)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['10.0.0.1', 'has no prefix length: write 10.0.0.1/32 for this one address'],
    ['fd00::1', 'has no prefix length: write fd00::1/128 for this one address'],
    ['10.0.0.0/33', 'has a prefix of more than 32 bits'],
    ['fd00::/129', 'has a prefix of more than 128 bits'],
    ['10.1.0.0/8', 'has bits set behind its prefix: write 10.0.0.0/8 for the range, or 10.1.0.0/32 for the address'],
    ['FD00::1/8', 'has bits set behind its prefix: write fd00::/8 for the range, or FD00::1/128 for the address'],
    ['::ffff:10.0.0.0/104', 'is IPv4: write 10.0.0.0/8'],
    ['::ffff:0:0/96', 'is IPv4: write 0.0.0.0/0'],
  ])('is not %s, which %s', (text, fault) => {
    expect(cidrFault(text)).toBe(fault);
  });

  test.each(['0.0.0.0/0', '::/0', '::/80', '10.0.0.1/32', 'FD00::/8', '::10.0.0.0/104', '::1/128'])('is %s', (text) => {
    expect(cidrFault(text)).toBeUndefined();
  });

  test.each([
    ...['', '/', '/8', '10.0.0.0/', '10.0.0.0/8/8', '10/8', '10.0.0/24', '010.0.0.0/8', '10.0.0.0/08', '10.0.0.0/+8'],
    ...['10.0.0.0/-8', '10.0.0.0/8.0', '10.0.0.0/0x8', '10.0.0.0/255.0.0.0', '10.0.0.0 /8', '10.0.0.0/ 8'],
    ...['localhost', 'localhost/8', '*', '10.*', 'fe80::%1/64', '[fd00::]/8', '10.0.0.0-10.0.0.9'],
  ])('is not %j', (text) => {
    expect(cidrFault(text)).toBe('is not a range such as 10.0.0.0/8 or fd00::/8');
  });
});

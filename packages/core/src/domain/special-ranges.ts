/**
 * Addresses that are not global unicast, after the special-purpose registries of IANA: ranges that are known by a name,
 * and at the end of IPv6 all that nobody has been given. Where ranges lie within each other, the narrower comes first.
 */

export interface SpecialRange {
  readonly cidr: string;
  /** In words that follow "is". */
  readonly name: string;
  /** The number of the RFC that sets it apart. */
  readonly rfc: number;
}

export const SPECIAL_RANGES: readonly SpecialRange[] = [
  // IPv4
  { cidr: '0.0.0.0/8', name: 'this host or network', rfc: 791 },
  { cidr: '10.0.0.0/8', name: 'private', rfc: 1918 },
  { cidr: '100.64.0.0/10', name: 'shared behind a carrier', rfc: 6598 },
  { cidr: '127.0.0.0/8', name: 'loopback', rfc: 1122 },
  // Metadata of cloud machines, and the runtime API of Lambda.
  { cidr: '169.254.0.0/16', name: 'link-local', rfc: 3927 },
  { cidr: '172.16.0.0/12', name: 'private', rfc: 1918 },
  { cidr: '192.0.0.0/24', name: 'for protocols of the IETF', rfc: 6890 },
  { cidr: '192.0.2.0/24', name: 'for documentation', rfc: 5737 },
  { cidr: '192.88.99.0/24', name: 'a 6to4 relay', rfc: 7526 },
  { cidr: '192.168.0.0/16', name: 'private', rfc: 1918 },
  { cidr: '198.18.0.0/15', name: 'for benchmarks', rfc: 2544 },
  { cidr: '198.51.100.0/24', name: 'for documentation', rfc: 5737 },
  { cidr: '203.0.113.0/24', name: 'for documentation', rfc: 5737 },
  { cidr: '224.0.0.0/4', name: 'multicast', rfc: 5771 },
  { cidr: '255.255.255.255/32', name: 'broadcast', rfc: 919 },
  { cidr: '240.0.0.0/4', name: 'reserved', rfc: 1112 },

  // IPv6. Several of them lead on to an IPv4 address that is hidden inside.
  { cidr: '::/128', name: 'unspecified', rfc: 4291 },
  { cidr: '::1/128', name: 'loopback', rfc: 4291 },
  { cidr: '::/96', name: 'an IPv4-compatible address', rfc: 4291 },
  { cidr: '::ffff:0:0:0/96', name: 'translated to IPv4', rfc: 2765 },
  { cidr: '64:ff9b::/96', name: 'translated to IPv4 (NAT64)', rfc: 6052 },
  { cidr: '64:ff9b:1::/48', name: 'translated to IPv4 (NAT64)', rfc: 8215 },
  { cidr: '100::/64', name: 'discarded', rfc: 6666 },
  { cidr: '2001::/23', name: 'for protocols of the IETF', rfc: 2928 },
  { cidr: '2001:db8::/32', name: 'for documentation', rfc: 3849 },
  { cidr: '2002::/16', name: 'tunnelled to IPv4 (6to4)', rfc: 3056 },
  { cidr: '3fff::/20', name: 'for documentation', rfc: 9637 },
  { cidr: '5f00::/16', name: 'for segment routing', rfc: 9602 },
  { cidr: 'fc00::/7', name: 'unique local', rfc: 4193 },
  { cidr: 'fe80::/10', name: 'link-local', rfc: 4291 },
  { cidr: 'fec0::/10', name: 'site-local', rfc: 3879 },
  { cidr: 'ff00::/8', name: 'multicast', rfc: 4291 },
  // All but 2000::/3.
  { cidr: '::/3', name: 'not assigned', rfc: 4291 },
  { cidr: '4000::/2', name: 'not assigned', rfc: 4291 },
  { cidr: '8000::/1', name: 'not assigned', rfc: 4291 },
];

/** Crockford's base32: no I, L, O and U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_LENGTH = 10;

/** Bytes of randomness in a ULID. */
export const ULID_RANDOM_BYTES = 10;

/**
 * A ULID (https://github.com/ulid/spec): 26 characters that sort by time, and are different for different randomness.
 *
 * @param now epoch milliseconds, below 2⁴⁸
 * @param random `ULID_RANDOM_BYTES` of it
 */
export function ulid(now: number, random: Uint8Array): string {
  return encode(BigInt(now), TIME_LENGTH) + encode(toNumber(random), 16);
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function encode(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; text.length < length; rest >>= 5n) text = `${ALPHABET[Number(rest & 31n)]}${text}`;
  return text;
}

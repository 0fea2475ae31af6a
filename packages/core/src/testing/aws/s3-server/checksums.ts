/** The checksums of S3, as their headers carry them: base64 of the big-endian bytes. */

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type ChecksumName = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256';

const CALCULATE: Readonly<Record<ChecksumName, (bytes: Uint8Array) => Buffer>> = {
  crc32: (bytes) => fromUint32(crc32(bytes)),
  crc32c: (bytes) => fromUint32(crc32c(bytes)),
  crc64nvme: (bytes) => fromUint64(crc64nvme(bytes)),
  sha1: (bytes) => hash('sha1', bytes, 'buffer'),
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
};

export const CHECKSUM_NAMES = Object.keys(CALCULATE).filter((name): name is ChecksumName => name in CALCULATE);

export function checksum(name: ChecksumName, bytes: Uint8Array): string {
  return CALCULATE[name](bytes).toString('base64');
}

function fromUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function fromUint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** Castagnoli's polynomial, reflected. */
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  return value;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/** Of the NVMe specification, reflected. */
const CRC64NVME_TABLE = BigUint64Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ (value & 1n ? 0x9a6c9329ac4bc9b5n : 0n);
  return value;
});

/** Slow: for small bodies. */
function crc64nvme(bytes: Uint8Array): bigint {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) crc = (crc >> 8n) ^ (CRC64NVME_TABLE[Number(crc & 0xffn) ^ byte] ?? 0n);
  return crc ^ 0xffffffffffffffffn;
}

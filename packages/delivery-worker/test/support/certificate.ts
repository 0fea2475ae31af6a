import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

/** ITU-T X.690 tags. */
const TAG = { integer: 0x02, bitString: 0x03, oid: 0x06, utf8: 0x0c, utcTime: 0x17, sequence: 0x30, set: 0x31 };

const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

/** A certificate that nobody vouches for, and its key, as PEM. */
export function makeSelfSignedCertificate(host = '127.0.0.1'): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const algorithm = der(TAG.sequence, der(TAG.oid, ECDSA_WITH_SHA256));
  const commonName = der(TAG.sequence, der(TAG.oid, COMMON_NAME), der(TAG.utf8, Buffer.from(host)));
  const name = der(TAG.sequence, der(TAG.set, commonName));
  const times = ['200101000000Z', '491231235959Z'].map((time) => der(TAG.utcTime, Buffer.from(time)));
  const body = der(
    TAG.sequence,
    ...[der(TAG.integer, Buffer.from([1])), algorithm, name, der(TAG.sequence, ...times), name, publicKey],
  );
  const signature = sign('sha256', body, createPrivateKey(privateKey));
  const certificate = der(TAG.sequence, body, algorithm, der(TAG.bitString, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return { key: privateKey, cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` };
}

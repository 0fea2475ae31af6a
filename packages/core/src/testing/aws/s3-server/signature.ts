/** Signature Version 4: in the Authorization header, or in the query of a presigned URL. */

import { createHmac, hash } from 'node:crypto';
import { decode, type S3Request } from './request.ts';
import { S3Error } from './s3-error.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of credentials that are lent for a time: every request must have it. */
  readonly sessionToken?: string;
}

export interface Verifier {
  readonly credentials: Credentials;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly date: string;
  readonly payloadHash: string;
  readonly isPresigned: boolean;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 3_600;

/** @throws S3Error when the request is not signed by who may send it, or too old */
export function verifySignature(request: S3Request, verifier: Verifier): void {
  const claim = request.query.has('X-Amz-Algorithm') ? presignedClaim(request) : headerClaim(request);
  assertInTime(request, claim, verifier.now);
  const [accessKeyId, day = '', region, service, end] = claim.credential.split('/');
  if (accessKeyId !== verifier.credentials.accessKeyId) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  const token = request.headers.get('x-amz-security-token') ?? request.query.get('X-Amz-Security-Token');
  if (token !== verifier.credentials.sessionToken) {
    throw new S3Error(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  if (region !== verifier.region || service !== 's3' || end !== 'aws4_request' || !claim.date.startsWith(day)) {
    throw malformed(claim, `The credential's scope '${claim.credential}' is wrong; expecting '${verifier.region}'`);
  }
  assertAllSigned(request, claim);
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = [ALGORITHM, claim.date, scope, hash('sha256', canonicalRequest(request, claim))].join('\n');
  const parts = [day, region, 's3', 'aws4_request', text];
  const start: string | Buffer = `AWS4${verifier.credentials.secretAccessKey}`;
  const expected = parts.reduce<string | Buffer>((key, part) => createHmac('sha256', key).update(part).digest(), start);
  if (expected.toString('hex') === claim.signature) return;
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  throw new S3Error(403, 'SignatureDoesNotMatch', message);
}

function headerClaim({ headers }: S3Request): Claim {
  const authorization = headers.get('authorization');
  if (authorization === undefined) throw accessDenied('Access Denied');
  const field = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? '';
  const claim = {
    credential: field('Credential'),
    signedHeaders: field('SignedHeaders').split(';'),
    signature: field('Signature'),
    date: headers.get('x-amz-date') ?? '',
    payloadHash: headers.get('x-amz-content-sha256') ?? '',
    isPresigned: false,
  };
  if (!authorization.startsWith(`${ALGORITHM} `)) throw malformed(claim, 'The authorization header is malformed.');
  if (claim.payloadHash === '') {
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  return claim;
}

function presignedClaim({ query, headers }: S3Request): Claim {
  const claim = {
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    date: query.get('X-Amz-Date') ?? '',
    payloadHash: headers.get('x-amz-content-sha256') ?? query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    isPresigned: true,
  };
  if (query.get('X-Amz-Algorithm') !== ALGORITHM)
    throw malformed(claim, 'X-Amz-Algorithm only supports AWS4-HMAC-SHA256');
  return claim;
}

function assertInTime({ query }: S3Request, claim: Claim, now: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.date);
  if (match === null) throw accessDenied('AWS authentication requires a valid Date or x-amz-date header');
  const [, year, month, day, hour, minute, second] = match;
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!claim.isPresigned) {
    if (Math.abs(now - signedAt) <= MAX_SKEW_MS) return;
    const message = 'The difference between the request time and the current time is too large.';
    throw new S3Error(403, 'RequestTimeTooSkewed', message);
  }
  const expires = Number(query.get('X-Amz-Expires'));
  if (!(expires >= 1 && expires <= MAX_EXPIRES_SECONDS)) {
    throw malformed(claim, 'X-Amz-Expires must be between 1 and 604800 seconds');
  }
  if (signedAt - now > MAX_SKEW_MS) throw accessDenied('Request is not yet valid');
  if (now > signedAt + expires * 1_000) throw accessDenied('Request has expired');
}

/** A header that S3 acts on, and `host`, must be signed, or anyone could change it under way. */
function assertAllSigned({ headers }: S3Request, { signedHeaders }: Claim): void {
  const mustBe = (name: string): boolean => name === 'host' || name.startsWith('x-amz-');
  const unsigned = [...headers.keys()].filter((name) => mustBe(name) && !signedHeaders.includes(name));
  // Not of the header form: there the sum of the payload is part of what is signed in any case.
  const missing = unsigned.filter((name) => name !== 'x-amz-content-sha256');
  if (missing.length > 0) {
    throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
      details: { HeadersNotSigned: missing.join(', ') },
    });
  }
}

function canonicalRequest(request: S3Request, { signedHeaders, payloadHash }: Claim): string {
  const headers = signedHeaders.map(
    (name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  return [
    request.method,
    canonicalPath(request),
    canonicalQuery(request),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

function canonicalQuery({ query }: S3Request): string {
  const pairs = [...query].filter(([name]) => name !== 'X-Amz-Signature');
  const encoded = pairs.map(([name, value]) => ({ name: encode(name), value: encode(value) }));
  // By the names alone: `=` stands behind `-`.
  encoded.sort((a, b) => (a.name < b.name ? -1 : 1));
  return encoded.map(({ name, value }) => `${name}=${value}`).join('&');
}

/** RFC 3986: everything but unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** However the client escaped it. */
function canonicalPath({ path }: S3Request): string {
  return path
    .split('/')
    .map((part) => encode(decode(part)))
    .join('/');
}

function accessDenied(message: string): S3Error {
  return new S3Error(403, 'AccessDenied', message);
}

function malformed({ isPresigned }: Claim, message: string): S3Error {
  const code = isPresigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed';
  return new S3Error(400, code, message);
}

/**
 * Checks signatures of AWS, version 4, as the documentation tells how they are made, and refuses as AWS does.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came, undecoded. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

interface Secret {
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface VerifierOptions {
  readonly service: string;
  readonly region: string;
  /** By access key id. */
  readonly secretOf: (accessKeyId: string) => Secret | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export type Verdict =
  | { readonly ok: true; readonly accessKeyId: string }
  | { readonly ok: false; readonly message: string };

const TOLERANCE_MS = 5 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

export function verifySignature(request: SignedRequest, options: VerifierOptions): Verdict {
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] =
    AUTHORIZATION.exec(header(request, 'authorization')) ?? [];
  if (signature === '') return refused('Missing Authentication Token');
  const secret = options.secretOf(accessKeyId);
  const token = request.headers['x-amz-security-token'];
  if (secret === undefined || secret.sessionToken !== token) {
    return refused('The security token included in the request is invalid.');
  }
  if (service !== options.service)
    return refused(`Credential should be scoped to correct service: '${options.service}'.`);
  if (region !== options.region) return refused(`Credential should be scoped to a valid region, not '${region}'.`);
  const time = header(request, 'x-amz-date');
  const age = options.now() - Date.parse(time.replace(/^(.{4})(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (!time.startsWith(day) || !(Math.abs(age) <= TOLERANCE_MS)) return refused(`Signature expired: ${time}`);

  const signedNames = names.split(';');
  const mustBeSigned = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = mustBeSigned.find((name) => !signedNames.includes(name));
  if (unsigned !== undefined) return refused(`${unsigned} is not signed`);
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const claimed = request.headers['x-amz-content-sha256'] ?? bodyHash;
  if (claimed !== bodyHash) return refused('The provided x-amz-content-sha256 header does not match');

  const canonical = [
    request.method,
    canonicalPath(request.target),
    canonicalQuery(request.target),
    ...signedNames.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const canonicalHash = createHash('sha256').update(canonical).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${day}/${region}/${service}/aws4_request\n${canonicalHash}`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret.secretAccessKey}`);
  if (hmac(key, toSign).toString('hex') === signature) return { ok: true, accessKeyId };
  return refused('The request signature we calculated does not match the signature you provided.');
}

function refused(message: string): Verdict {
  return { ok: false, message };
}

function header({ headers }: SignedRequest, name: string): string {
  return [headers[name] ?? ''].flat().join(',');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** As it came, and encoded once more: so for every service but S3. */
function canonicalPath(target: string): string {
  const [path = ''] = target.split('?', 1);
  return path.split('/').map(encode).join('/');
}

/** A `+` is a `+`: only forms mean a space by it. */
function canonicalQuery(target: string): string {
  const at = target.indexOf('?');
  if (at === -1 || at === target.length - 1) return '';
  const pairs = target
    .slice(at + 1)
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=');
      const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    });
  return pairs.toSorted().join('&');
}

/** All but letters, digits and -._~ as the bytes of UTF-8. */
function encode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

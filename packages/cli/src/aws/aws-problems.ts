/** Errors of the SDK as one line that says what to do. */

import { types } from 'node:util';
import { errorText } from '../error-text.ts';

/** A call of AWS that failed. */
interface AwsCall {
  /** The name of the permission that it needs. */
  readonly action: string;
  readonly resource: string;
  readonly region: string;
  /** Of an emulator. */
  readonly endpoint: string | undefined;
}

interface Situation {
  /** The profile that was asked for. */
  readonly profile: string | undefined;
  /** Undefined while credentials are looked for. */
  readonly call?: AwsCall;
}

const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const UNKNOWN = new Set([
  'IncompleteSignature',
  'InvalidClientTokenId',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);
const FORBIDDEN = new Set(['AccessDenied', 'AccessDeniedException']);
/** By which AWS refuses a signature that is right but for its time, and one that is wrong. */
const SIGNATURE = new Set(['InvalidSignatureException', 'RequestTimeTooSkewed', 'SignatureDoesNotMatch']);

export const SIGN_IN = 'sign in again, for example with: aws sso login';

export function describeMissingRegion(profile: string | undefined): string {
  const where = profile === undefined ? '' : ` in profile ${profile}`;
  return `no region of AWS is set${where}: give --region, or set AWS_REGION`;
}

export function describeAwsError(error: unknown, { profile, call }: Situation): string {
  const { name, text } = readError(error);
  const what = text === '' || text === name ? name : `${name}: ${text}`;
  if (EXPIRED.has(name)) return `the credentials of AWS have expired (${what}): ${SIGN_IN}`;
  if (call === undefined) return describeMissingCredentials(text, profile);
  if (UNKNOWN.has(name))
    return `AWS does not know these credentials (${what}): are they of another partition, or deleted?`;
  const { action, resource, region, endpoint } = call;
  const place = endpoint === undefined ? `region ${region}` : `region ${region} at ${endpoint}`;
  if (FORBIDDEN.has(name)) return `not allowed: ${action} on ${resource}, ${place} (${what})`;
  if (SIGNATURE.has(name)) return `AWS refuses the signature (${what}): is the secret key right, and the clock?`;
  return `${action} on ${resource}, ${place}, failed: ${what}`;
}

function describeMissingCredentials(text: string, profile: string | undefined): string {
  const where = profile === undefined ? '' : ` for profile ${profile}`;
  // Of a session of SSO, which names its own remedy.
  if (/expired|aws sso login/i.test(text)) return `the credentials of AWS${where} have expired (${text}): ${SIGN_IN}`;
  return `no credentials of AWS${where} (${text}): sign in, choose a --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
}

function readError(error: unknown): { readonly name: string; readonly text: string } {
  if (!types.isNativeError(error)) return { name: 'Error', text: errorText(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name === 'Error' ? (code ?? error.name) : error.name, text: error.message.trim() };
}

/**
 * What the errors of AWS mean to Millrace: come again later, or a person must mend something.
 */

import { MillraceError, StoreUnavailableError } from '../errors.ts';

/** A call that failed: `dynamodb:PutItem` on `table millrace-dev-messages`. */
export interface AwsCall {
  /** The name of the permission that it needs. */
  readonly action: string;
  readonly resource: string;
}

/** Millrace may not do what it must: a permission is missing, or there are no credentials, or they are over. */
export class AwsAccessError extends MillraceError {
  constructor(message: string, options: ErrorOptions) {
    super('aws-access', message, options);
  }
}

/** The resource is not there: not deployed, or another name, account or region. */
export class AwsResourceError extends MillraceError {
  constructor(message: string, options: ErrorOptions) {
    super('aws-resource', message, options);
  }
}

interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const NO_ACCESS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'KMSAccessDeniedException',
  'KmsAccessDenied',
  'MissingAuthenticationTokenException',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

const NOT_THERE = new Set([
  'NoSuchBucket',
  'NonExistentQueue',
  'PermanentRedirect',
  'AWS.SimpleQueueService.NonExistentQueue',
  'QueueDoesNotExist',
  'ResourceNotFoundException',
]);

const COME_AGAIN = new Set([
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'ItemCollectionSizeLimitExceededException',
  'KmsThrottled',
  'OverLimit',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

/** Of Node's network errors, of the SDK's HTTP handler, of undici and of the fast reader. */
const NETWORK = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'IncompleteAnswer',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
]);

/**
 * The error that a failed call means; what is not known here comes back as it was, and is a defect.
 *
 * `StoreUnavailableError`: nothing is certain, the call may have taken effect; repeating it is safe where the caller made
 * it so.
 */
export function toAwsError(error: unknown, { action, resource }: AwsCall): unknown {
  const { name = '', code = '', message = String(error), $metadata } = error as SdkError;
  const what = `${action} on ${resource}: ${name}${message === '' || message === name ? '' : `: ${message}`}`;
  const options = { cause: error };
  if (NO_ACCESS.has(name)) return new AwsAccessError(what, options);
  if (NOT_THERE.has(name)) return new AwsResourceError(what, options);
  const status = $metadata?.httpStatusCode ?? 0;
  const isTransient = COME_AGAIN.has(name) || NETWORK.has(code) || NETWORK.has(name) || status === 429 || status >= 500;
  return isTransient ? new StoreUnavailableError(what, options) : error;
}

/** Makes a call, and says what its failure means. */
export async function calling<T>(call: AwsCall, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw toAwsError(error, call);
  }
}

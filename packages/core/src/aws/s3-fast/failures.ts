/** What failed requests say, in the form of the SDK's errors: what those mean is known already. */

import { AwsResourceError } from '../aws-errors.ts';
import type { HttpAnswer } from './exchange.ts';
import { readElements } from './xml-elements.ts';

/** An error of S3, or of the way to it. Its name is the code of the one or the other. */
export class S3RequestError extends Error {
  /** HTTP status 0 stands for no answer. */
  readonly $metadata: { readonly httpStatusCode: number };
  /** Of an answer. */
  readonly headers: HttpAnswer['headers'];

  constructor(
    code: string,
    message: string,
    status: number,
    options: ErrorOptions & { headers?: HttpAnswer['headers'] } = {},
  ) {
    super(message, options);
    this.name = code;
    this.$metadata = { httpStatusCode: status };
    this.headers = options.headers ?? {};
  }
}

/** Without a code of S3, the status is the code. */
export function refusalOf({ status, headers, body }: HttpAnswer): S3RequestError {
  const told = new Map<string, string>();
  try {
    readElements(body.toString(), (name, text, path) => {
      if (path.length === 1 && path[0] === 'Error') told.set(name, text);
    });
  } catch {
    // Not of S3: a proxy, or an answer that broke off. The status says enough.
  }
  const code = told.get('Code') ?? `HTTP ${status}`;
  return new S3RequestError(code, told.get('Message') ?? '', status, { headers });
}

/** No answer, or not the whole of one. */
export function brokenExchange(error: unknown): S3RequestError {
  const { code = 'UnknownError', message } = error as { code?: string; message?: string };
  return new S3RequestError(code, message ?? String(error), 0, { cause: error });
}

const SAYS_TO_WAIT = new Set([
  'SlowDown',
  'HTTP 429',
  'HTTP 503',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'RequestTimeout',
]);

/** S3 is asked for more than it gives. */
export function isOverload({ name, $metadata }: S3RequestError): boolean {
  return $metadata.httpStatusCode === 503 || $metadata.httpStatusCode === 429 || SAYS_TO_WAIT.has(name);
}

const IS_MOVED = new Set([301, 307, 308]);

/** The bucket is in another region than the one asked; undefined when that is not what is wrong. */
export function wrongRegion(error: S3RequestError, asked: string, what: string): AwsResourceError | undefined {
  const isMoved = IS_MOVED.has(error.$metadata.httpStatusCode);
  if (!isMoved && error.name !== 'AuthorizationHeaderMalformed') return undefined;
  const region =
    error.headers['x-amz-bucket-region'] ?? /expecting '([\w-]+)'/.exec(error.message)?.[1] ?? 'another region';
  const message = `${what}: the bucket is in ${region}, and was asked for in ${asked}: ${error.name}: ${error.message}`;
  return new AwsResourceError(message, { cause: error });
}

/**
 * HTTP as Lambda has it: events of HTTP APIs and function URLs (payload format 2.0) as requests, responses as results.
 *
 * Not hono's own adapter (of hono 4.13): it answers a GET with a body with a plain 400, rewrites headers that are not
 * ASCII, changes bytes of answers that are not UTF-8, swallows its own errors, answers documents that are no HTTP at
 * all, and takes the path of an HTTP API for an encoded one.
 */

import { isUtf8 } from 'node:buffer';
import { isNativeError } from 'node:util/types';

/** The parts of an event that are read. Everything else is left to the logs of the front door. */
export interface HttpEvent {
  /** See `pathOf`. */
  readonly rawPath: string;
  /** As the client wrote it, repeated and encoded parameters and all. */
  readonly rawQueryString?: string;
  /** Values of a repeated header are joined by commas. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** A function URL gives cookies as a header too. */
  readonly cookies?: readonly string[];
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly domainName?: string;
    readonly http: { readonly method: string };
    readonly authorizer?: { readonly iam?: { readonly userArn?: string | null } | null } | null;
  };
}

/** What Lambda makes an HTTP response of. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Is it a request to an HTTP API or a function URL? Payload format 1.0 (REST APIs, load balancers) is another. */
export function isHttpEvent(event: unknown): event is HttpEvent {
  if (typeof event !== 'object' || event === null || !('rawPath' in event) || !('requestContext' in event))
    return false;
  const { rawPath, requestContext } = event;
  const isContext = typeof requestContext === 'object' && requestContext !== null && 'http' in requestContext;
  return typeof rawPath === 'string' && rawPath.startsWith('/') && isContext;
}

/** The ARN of who signed the request, as IAM told the front door; undefined when it did not ask. */
export function userArnOf(event: HttpEvent): string | undefined {
  return event.requestContext.authorizer?.iam?.userArn || undefined;
}

/** The request; undefined when it is one that no Request can be (TRACE, a header with a line break). */
export function toRequest(event: HttpEvent): Request | undefined {
  const { rawQueryString = '', requestContext } = event;
  const { http, domainName = 'localhost' } = requestContext;
  const query = rawQueryString === '' ? '' : `?${rawQueryString}`;
  const hasBody = http.method !== 'GET' && http.method !== 'HEAD';
  try {
    return new Request(`https://${domainName}${pathOf(event)}${query}`, {
      method: http.method,
      headers: headersOf(event),
      body: hasBody ? bodyOf(event) : null,
    });
  } catch (error) {
    if (isNativeError(error) && error.name === 'TypeError') return undefined;
    throw error;
  }
}

/**
 * The path as a client encodes it. A function URL passes it on as it came. An HTTP API decodes it, twice even: slashes
 * of an id are put back (no other path of the API has any below `/messages/`), but what stood behind a `?` is lost, and
 * an id with a `%` comes as another one or is refused by API Gateway.
 *
 * Seen in July 2026: https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
 */
function pathOf({ rawPath, requestContext: { domainName = '', http } }: HttpEvent): string {
  if (domainName.includes('.lambda-url.')) return rawPath;
  const [, start, id, end] = (http.method === 'POST' ? REPLAYED : NAMED).exec(rawPath) ?? [];
  if (id !== undefined) return `${start}${encodeURIComponent(id.toWellFormed())}${end}`;
  return rawPath.toWellFormed().split('/').map(encodeURIComponent).join('/');
}

const NAMED = /^(\/messages\/)(.+)()$/s;
const REPLAYED = /^(\/messages\/)(.+)(\/replay)$/s;

function headersOf({ headers = {}, cookies = [] }: HttpEvent): Headers {
  const list = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) list.append(name, toByteString(value));
  }
  if (cookies.length > 0) list.set('cookie', toByteString(cookies.join('; ')));
  return list;
}

/** A header is bytes, each a character up to U+00FF, as in Node; text with others was decoded on the way. */
function toByteString(value: string): string {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0xff) return Buffer.from(value).toString('latin1');
  }
  return value;
}

function bodyOf({ body, isBase64Encoded }: HttpEvent): Uint8Array<ArrayBuffer> | null {
  if (body === undefined || body === null) return null;
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

/** The result; its bytes are the response's, whatever they are said to be. */
export async function toResult(response: Response): Promise<HttpResult> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isText = isUtf8(bytes);
  const cookies = response.headers.getSetCookie();
  return {
    statusCode: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie')),
    ...(cookies.length > 0 && { cookies }),
    body: bytes.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
}

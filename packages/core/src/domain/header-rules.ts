/**
 * Which headers a client may ask for. Anything that a proxy or the HTTP client would change on the way, or that could
 * smuggle a second request, is refused, so that what is accepted reaches the target as it came.
 */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Names that belong to the connection or to Millrace itself, in lower case. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const RESERVED_PREFIXES = ['proxy-', 'webhook-'];

/** What is wrong with a header name, in words that follow "must"; undefined when nothing is. */
export function headerNameFault(name: string): string | undefined {
  if (!TOKEN.test(name)) return "be a header name: letters, digits and !#$%&'*+-.^_`|~ only";
  const lower = name.toLowerCase();
  if (RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return 'not be a reserved header: it is set on the way to the target';
  }
  return undefined;
}

/** What is wrong with a header value, in words that follow "must"; undefined when nothing is. */
export function headerValueFault(value: string): string | undefined {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    const allowed = code === 0x09 || (code >= 0x20 && code !== 0x7f && code <= 0xff);
    if (!allowed) return 'hold only tab and the characters U+0020 to U+00FF without controls (no line breaks)';
  }
  if (/^[\t ]|[\t ]$/.test(value)) return 'not begin or end with white space: it would be stripped on the way';
  return undefined;
}

/**
 * An answer in JSON. Not `Response.json`: servers such as Node's adapter replace the constructor by a cheap one, which
 * writes the text without making a stream of it.
 */
export function jsonResponse(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

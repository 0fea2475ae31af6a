/** A request as it was captured on the wire: its request line, headers, an empty line, its body. */

import { EXIT, ExitError } from '../exit.ts';

export interface CapturedRequest {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d/;
const HEADER_LINE = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads a capture; its lines end in CR LF or in LF alone, and the request line may be left out.
 *
 * @throws ExitError (usage) when it is none
 */
export function parseCapture(bytes: Uint8Array): CapturedRequest {
  const text = Buffer.from(bytes).toString('latin1');
  const { index, 0: gap } = /\r?\n\r?\n/.exec(text) ?? { index: text.trimEnd().length, 0: '' };
  const [first = '', ...rest] = text.slice(0, index).split(/\r?\n/);
  const lines = REQUEST_LINE.test(first) ? rest : [first, ...rest];
  const pairs = lines.map((line, at): [string, string] => {
    const [, name = '', value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === '') throw notACapture(`line ${at + 1 + (lines === rest ? 1 : 0)} is no header`);
    return [name.toLowerCase(), value];
  });
  const headers = toHeaders(pairs);
  if (headers['transfer-encoding'] !== undefined) {
    throw new ExitError(EXIT.usage, 'the captured body is in chunks: give headers and body by --header and --data');
  }
  return { headers, body: bytes.subarray(gap === '' ? bytes.length : index + gap.length) };
}

/**
 * Headers by their names in lower case.
 *
 * @throws ExitError (usage) when one that counts is there twice: nobody knows which of the two a receiver takes
 */
export function toHeaders(pairs: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [given, value] of pairs) {
    const name = given.toLowerCase();
    if (name.startsWith('webhook-') && headers.has(name)) throw notACapture(`the header ${name} is there twice`);
    headers.set(name, value);
  }
  return Object.fromEntries(headers);
}

function notACapture(problem: string): ExitError {
  return new ExitError(EXIT.usage, `the request cannot be read: ${problem}`);
}

/** What a fault of a signed request means, in words for those who write its receiver. */

import { findSignatureFaults, type SignatureFault, type SigningSecret } from '@millrace/core';
import type { CapturedRequest } from './captured-request.ts';

export interface VerifyProblem {
  /** The part of the request, or of the check, that failed. */
  readonly check: 'headers' | 'timestamp' | 'signature' | 'body' | 'secret';
  readonly problem: string;
}

export interface ExplainContext {
  readonly secrets: readonly SigningSecret[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly toleranceSeconds: number;
}

/** Everything that is wrong with a request; empty when it is good. */
export function findProblems(request: CapturedRequest, context: ExplainContext): readonly VerifyProblem[] {
  const faults = findSignatureFaults(request, context.secrets, context);
  return faults.flatMap((fault) => explainFault(fault, request, context));
}

function explainFault(
  fault: SignatureFault,
  request: CapturedRequest,
  context: ExplainContext,
): VerifyProblem | readonly VerifyProblem[] {
  switch (fault.kind) {
    case 'header-missing':
      return { check: 'headers', problem: `${fault.header} is missing` };
    case 'timestamp-unreadable':
      return { check: 'timestamp', problem: 'webhook-timestamp is not a whole number of seconds since 1970' };
    case 'too-old':
      return { check: 'timestamp', problem: `webhook-timestamp is too old: ${distance(fault.seconds, context)}` };
    case 'too-new':
      return { check: 'timestamp', problem: `webhook-timestamp is in the future: ${distance(fault.seconds, context)}` };
    case 'signature-unreadable':
      return {
        check: 'signature',
        problem: 'webhook-signature holds no signature: expected v1, and the base64 of 32 bytes',
      };
    case 'signature-wrong':
      return explainSignature(request, context);
  }
}

function distance(seconds: number, { toleranceSeconds }: ExplainContext): string {
  return `by ${describeAge(seconds)}, and ${describeAge(toleranceSeconds)} are allowed`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `2 h 5 min`: in the two largest units that say something. */
function describeAge(seconds: number): string {
  let rest = seconds;
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count} ${unit}`;
  });
  return parts.filter(Boolean).slice(0, 2).join(' ') || '0 s';
}

/**
 * A signature alone does not tell what is wrong. When the body has not the length that it was sent with, or the
 * signature is right for a body that is known to come of a careless receiver, it is the body.
 */
function explainSignature(request: CapturedRequest, context: ExplainContext): readonly VerifyProblem[] {
  const { body, headers } = request;
  const length = headers['content-length'];
  const isOtherLength = length !== undefined && length !== String(body.length);
  const variant = findSignedVariant(request, context);
  const problems = [
    isOtherLength ? `the body has ${body.length} bytes, but content-length says ${length}: it was changed, or cut` : '',
    variant === undefined ? '' : `the body was changed: the signature is right for the body ${variant}`,
  ].filter((problem) => problem !== '');
  if (problems.length > 0) return problems.map((problem) => ({ check: 'body', problem }));
  const others = length === undefined ? 'id, timestamp or body' : 'id, timestamp or body (of the same length)';
  return [
    {
      check: 'secret',
      problem: `the signature is of another secret: of another sender, or one that was rotated; or ${others} were changed`,
    },
  ];
}

/** What a receiver, or who captured it, does to a body, undone. */
const UNDO: readonly (readonly [name: string, undo: (text: string) => string | undefined])[] = [
  ['without the line break at its end', (text) => text.replace(/\r?\n$/, '')],
  ['with a line break at its end', (text) => `${text}\n`],
  ['without the white space around it', (text) => text.trim()],
  ['with LF in place of CR LF', (text) => text.replaceAll('\r\n', '\n')],
  ['with CR LF in place of LF', (text) => text.replaceAll(/\r?\n/g, '\r\n')],
  ['as JSON without white space', (text) => reserialise(text)],
  ['as JSON that is indented by two', (text) => reserialise(text, 2)],
  ['with its escapes of JSON undone', (text) => stringIn(text)],
];

function findSignedVariant({ headers, body }: CapturedRequest, context: ExplainContext): string | undefined {
  // One character for each byte.
  const text = Buffer.from(body).toString('latin1');
  const found = UNDO.find(([, undo]) => {
    const other = undo(text);
    if (other === undefined || other === text) return false;
    const faults = findSignatureFaults({ headers, body: Buffer.from(other, 'latin1') }, context.secrets, context);
    return faults.every(({ kind }) => kind !== 'signature-wrong');
  });
  return found?.[0];
}

/** Undefined when it is not JSON. */
function reserialise(text: string, indent?: number): string | undefined {
  const value = parse(text);
  return value === undefined ? undefined : JSON.stringify(value, null, indent);
}

/** A body that was put into a JSON string as a whole: `"{\"total\":12.5}"`. */
function stringIn(text: string): string | undefined {
  const value = parse(text);
  return typeof value === 'string' ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

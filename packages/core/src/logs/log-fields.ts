/**
 * What a line of the log may tell: fields are made here and nowhere else (`LogFields` cannot be written by hand), and
 * each names what it takes from a message or an error. So what is not named here (bodies, headers, queries, keys) is in
 * no log, whatever is handed over.
 */

import { type Identity, webhookId } from '../domain/identity.ts';
import type { Reason } from '../domain/outcome.ts';
import { traceIdOf } from '../domain/trace-context.ts';
import { MillraceError } from '../errors.ts';

declare const made: unique symbol;
type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [name: string]: Value };

export type LogFields = { readonly [name: string]: Value } & { readonly [made]: true };

function fields(values: Readonly<Record<string, Value>>): LogFields {
  return values as LogFields;
}

/** Counts and times. */
export function numberFields(numbers: Readonly<Record<string, number | null>>): LogFields {
  return fields({ ...numbers });
}

/**
 * Which message it is. `webhookId` is the same in every line about it, and in the target's own log. Of its target only
 * the origin: paths of webhooks are secrets often enough.
 */
export function messageFields(message: {
  readonly identity: Identity;
  readonly traceparent?: string | undefined;
}): LogFields {
  const { identity, traceparent } = message;
  return fields({
    webhookId: webhookId(identity),
    senderId: identity.senderId,
    messageId: identity.messageId,
    targetOrigin: new URL(identity.targetUrl).origin,
    ...(traceparent === undefined ? {} : { traceId: traceIdOf(traceparent) }),
  });
}

/** What came of an attempt, without what the target said. */
export function attemptFields(attempt: {
  readonly attempt: number;
  readonly outcome: string;
  readonly status: number | null;
  readonly reason: Reason | null;
  readonly durationMs: number;
}): LogFields {
  const { outcome, status, reason, durationMs } = attempt;
  return fields({ attempt: attempt.attempt, outcome, status, reason, durationMs });
}

export function circuitFields(change: {
  readonly senderId: string;
  readonly origin: string;
  readonly from: string;
  readonly to: string;
  /** Epoch milliseconds; null when it does not end by itself. */
  readonly until: number | null;
}): LogFields {
  const { senderId, origin, from, to, until } = change;
  return fields({ senderId, targetOrigin: origin, from, to, until });
}

/** Failures that a line names. */
const MAX_FAILURES = 5;

/**
 * A run of a checkpoint. Of what failed, the kind and the key of the object or file: reasons may quote what an object
 * holds.
 */
export function checkpointFields(run: {
  readonly runId: string;
  readonly dataset: string;
  readonly complete: boolean;
  readonly objects: { readonly read: number; readonly pending: number };
  readonly events: { readonly folded: number; readonly invalid: number };
  readonly groups: readonly unknown[];
  readonly totalEvents: number;
  readonly failures: readonly { readonly kind: string; readonly key: string }[];
  readonly failuresLeftOut: number;
  readonly executionMs: number;
}): LogFields {
  const { runId, dataset, complete, objects, events, groups, totalEvents, failures, failuresLeftOut } = run;
  return fields({
    ...{ runId, dataset, complete, objects: objects.read, folded: events.folded, files: groups.length, totalEvents },
    ...{ invalid: events.invalid, pending: objects.pending, failures: failures.length + failuresLeftOut },
    failed: failures.slice(0, MAX_FAILURES).map(({ kind, key }) => ({ kind, key })),
    durationMs: run.executionMs,
  });
}

/** Several messages in one line, under a name. */
export function listFields(name: string, list: readonly LogFields[]): LogFields {
  return fields({ [name]: list });
}

const MESSAGE_LENGTH = 500;
const MAX_CAUSES = 4;
const MAX_FRAMES = 20;

/** What an error is, what it says as far as that is known to be safe, where it was thrown, and why. */
export function errorFields(error: unknown): LogFields {
  const [first, ...causes] = chainOf(error);
  return fields({ error: { ...describe(first), stack: framesOf(first), causes: causes.map(describe) } });
}

export function joinFields(...parts: readonly LogFields[]): LogFields {
  return fields(Object.assign({}, ...parts));
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [error];
  for (let cause = causeOf(error); cause !== undefined && chain.length <= MAX_CAUSES; cause = causeOf(cause)) {
    chain.push(cause);
  }
  return chain;
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
}

function describe(error: unknown): { readonly [name: string]: Value } {
  if (typeof error !== 'object' || error === null) return { name: typeof error };
  const { name = 'Error', code, message = '' } = error as { name?: string; code?: unknown; message?: string };
  return {
    name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(mayQuote(error, name) ? {} : { message: withoutQueries(message).slice(0, MESSAGE_LENGTH) }),
  };
}

/** Errors of the language itself, and of Node's checks of arguments, quote the value that they refuse. */
const QUOTING = new Set(['SyntaxError', 'TypeError', 'RangeError', 'ReferenceError', 'URIError', 'EvalError']);

function mayQuote(error: object, name: string): boolean {
  return !(error instanceof MillraceError) && QUOTING.has(name);
}

function framesOf(error: unknown): readonly string[] {
  const { stack = '' } = (typeof error === 'object' && error !== null ? error : {}) as { stack?: string };
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return frames.slice(0, MAX_FRAMES).map((line) => line.trim());
}

/** Text with its URLs cut at their query or fragment, and without their credentials. */
function withoutQueries(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, '$1')
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]*@/gi, '$1');
}

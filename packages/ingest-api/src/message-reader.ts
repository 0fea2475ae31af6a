/**
 * Reads the JSON of a message, or says everything that is wrong with it.
 */

import type { Message } from '@millrace/core';
import * as z from 'zod/mini';
import { type Caller, mayActFor, senderProblem } from './caller.ts';
import { createMessageSchema, type MessageRules, PAST, type ReadMessage } from './message-schema.ts';
import { jsonPath, type Problem, problemsOf } from './problems.ts';

/** The payload that a message names, and where it does. */
interface NamedPayload {
  readonly sha256: string;
  readonly path: string;
}

export type MessageReading =
  | { readonly kind: 'message'; readonly message: Message; readonly payload?: NamedPayload }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  /** A message of a sender that the caller may not act for. */
  | { readonly kind: 'forbidden'; readonly problems: readonly Problem[] }
  /** Invalid for nothing but an `expiresAt` in the past: it may be a repeat of a message that was accepted in time. */
  | {
      readonly kind: 'late';
      readonly message: Message;
      readonly payload?: NamedPayload;
      readonly problems: readonly Problem[];
    };

/** Reads a message; `root` is where its value stands in the request. */
export type MessageReader = (value: unknown, root?: string) => MessageReading;

export function createMessageReader(rules: MessageRules): MessageReader {
  const schema = createMessageSchema(rules);
  const lenientSchema = createMessageSchema({ ...rules, allowPast: true });

  return (value, root) => {
    const result = z.safeParse(schema, value, { reportInput: true });
    if (result.success) return { kind: 'message', ...found(result.data, root) };

    const problems = problemsOf(result.error, (path) => jsonPath(path, root));
    const isOnlyLate = problems.length === 1 && problems[0]?.message === PAST;
    const late = isOnlyLate ? z.safeParse(lenientSchema, value) : undefined;
    return late?.success ? { kind: 'late', ...found(late.data, root), problems } : { kind: 'invalid', problems };
  };
}

function found({ message, payloadSha256: sha256 }: ReadMessage, root: string | undefined) {
  return sha256 === undefined ? { message } : { message, payload: { sha256, path: jsonPath(['payloadId'], root) } };
}

/** Reads messages of a caller. Nothing is looked up for a forbidden one: whether it was accepted is not to be seen. */
export function readingFor(caller: Caller, read: MessageReader): MessageReader {
  if (caller.senders === 'all') return read;
  return (value, root) => {
    const reading = read(value, root);
    if (!('message' in reading)) return reading;
    const { senderId } = reading.message.identity;
    if (mayActFor(caller, senderId)) return reading;
    return { kind: 'forbidden', problems: [senderProblem(caller, senderId, jsonPath(['senderId'], root))] };
  };
}

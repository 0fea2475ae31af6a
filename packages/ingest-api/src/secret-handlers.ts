/**
 * The calls that show and rotate the secrets by which receivers verify the requests of a sender.
 */

import { formatSigningSecret, type SecretDocument, SecretUnusableError, type SigningSecrets } from '@millrace/core';
import type * as z from 'zod/mini';
import { type CallerHandler, withinSenders } from './caller.ts';
import { jsonResponse } from './json-response.ts';
import { ProblemError } from './problem-document.ts';
import { readOptionalJsonBody } from './request-body.ts';
import { rotateSchema, senderPathSchema } from './requests.ts';
import type { signingSecretsSchema } from './responses.ts';
import { validate, validatePath } from './validate.ts';
import { isoTime } from './views.ts';

const SECOND_MS = 1_000;

/** `GET /secrets/{senderId}` */
export function getSecrets(signing: Pick<SigningSecrets, 'show'>): CallerHandler<'/:senderId'> {
  return async (c, caller) => {
    const { senderId } = senderOf(c.req.param('senderId'), caller);
    return answer(senderId, await blamingSecret(signing.show(senderId)));
  };
}

/** `POST /secrets/{senderId}/rotate` */
export function rotateSecret(signing: Pick<SigningSecrets, 'rotate'>): CallerHandler<'/:senderId'> {
  return async (c, caller, visit) => {
    const { senderId } = senderOf(c.req.param('senderId'), caller);
    const { overlapSeconds } = validate(rotateSchema, await readOptionalJsonBody(c.req.raw, visit.grow));
    return answer(senderId, await blamingSecret(signing.rotate(senderId, overlapSeconds * SECOND_MS)));
  };
}

/** @throws ProblemError 400, 403 */
function senderOf(senderId: string, caller: Parameters<CallerHandler>[1]) {
  return withinSenders(caller, validatePath(senderPathSchema, { senderId }), '{senderId}');
}

/** The caller may do what it asks for, and a repeat does not help: a person must know which secret it is. */
async function blamingSecret<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof SecretUnusableError)) throw error;
    throw new ProblemError('conflict', 409, { detail: error.message });
  }
}

function answer(senderId: string, document: SecretDocument): Response {
  const body: z.output<typeof signingSecretsSchema> = {
    senderId,
    secrets: document.map(({ secret, createdAt, until }) => ({
      secret: formatSigningSecret(secret),
      createdAt: isoTime(createdAt),
      inForceUntil: until === null ? null : isoTime(until),
    })),
  };
  return jsonResponse(body, 200, { 'cache-control': 'no-store' });
}

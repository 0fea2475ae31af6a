/**
 * The calls that large bodies come in by.
 */

import {
  freeChunk,
  type PayloadStore,
  parsePayloadId,
  payloadId,
  type UploadFault,
  type UploadReceiver,
  UploadRefusedError,
} from '@millrace/core';
import type { Handler } from 'hono';
import { type CallerHandler, withinSenders } from './caller.ts';
import { jsonResponse } from './json-response.ts';
import { ProblemError, type ProblemType } from './problem-document.ts';
import { jsonPath } from './problems.ts';
import { readJsonBody } from './request-body.ts';
import { payloadSchema, uploadQuerySchema } from './requests.ts';
import { validate, validateQuery } from './validate.ts';
import { isoTime } from './views.ts';

/**
 * `POST /payloads`
 * @param publicUrl the address that clients use; without it, the one of the request
 */
export function postPayload(payloads: Pick<PayloadStore, 'beginUpload'>, publicUrl?: string): CallerHandler {
  return async (c, caller, visit) => {
    const asked = validate(payloadSchema, await readJsonBody(c.req.raw, visit.grow));
    const upload = withinSenders(caller, asked, jsonPath(['senderId']));
    const { url, headers, expiresAt } = await payloads.beginUpload(upload);
    const base = publicUrl ?? new URL(c.req.url).origin;
    const uploadUrl = new URL(url, `${base}/`).href;
    const ticket = { payloadId: payloadId(upload.sha256), uploadUrl, headers };
    return jsonResponse({ ...ticket, expiresAt: isoTime(expiresAt) }, 201);
  };
}

/** `PUT /payloads/{payloadId}`: to a URL that `POST /payloads` gave. Its signature is what lets a caller in. */
export function putPayload(uploads: UploadReceiver): Handler<object, '/:payloadId'> {
  return async (c) => {
    const { expires: expiresAt, ...query } = validateQuery(uploadQuerySchema, c.req.url);
    const id = c.req.param('payloadId');
    assertLength(c.req.header('content-length'), query.size);
    // Nothing was signed for an id that is none.
    const upload = { ...query, expiresAt, sha256: parsePayloadId(id) ?? '' };
    try {
      await uploads.receive(upload, chunksOf(c.req.raw));
    } catch (error) {
      if (!(error instanceof UploadRefusedError)) throw error;
      throw refusal(error.fault, error.message);
    }
    return jsonResponse({ payloadId: id });
  };
}

/** Before anything is read: most clients say how much they send. */
function assertLength(contentLength: string | undefined, size: number): void {
  if (contentLength === undefined || Number(contentLength) === size) return;
  const fault = Number(contentLength) > size ? 'too-large' : 'mismatch';
  throw refusal(fault, `the upload has ${contentLength} bytes in place of the ${size} that were announced`);
}

/** Each chunk can be looked at until the next is asked for. */
async function* chunksOf({ body }: Request): AsyncGenerator<Uint8Array> {
  // Left off early it stays open: else the client would never see the answer.
  for await (const chunk of (body ?? new Blob([]).stream()).values({ preventCancel: true })) {
    yield chunk;
    freeChunk(chunk);
  }
}

const REFUSALS: Readonly<Record<UploadFault, readonly [ProblemType, status: number]>> = {
  forbidden: ['forbidden', 403],
  'too-large': ['too-large', 413],
  mismatch: ['invalid', 400],
};

function refusal(fault: UploadFault, detail: string): ProblemError {
  const [type, status] = REFUSALS[fault];
  return new ProblemError(type, status, { detail });
}

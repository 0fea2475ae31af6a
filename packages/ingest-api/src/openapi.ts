/**
 * The contract of the API as an OpenAPI 3.1 document: every call, and every status that it can answer.
 */

import { LIMITS } from '@millrace/core';
import type { Handler } from 'hono';
import type { MessageRules } from './message-schema.ts';
import * as examples from './openapi-examples.ts';
import { withKeys } from './openapi-keys.ts';
import {
  type ComponentName,
  componentSchemas,
  type Json,
  type OpenApiDocument,
  PARAMETERS,
  type Paths,
  refTo,
} from './openapi-schemas.ts';

export interface ContractRules extends MessageRules {
  /** Callers are known by keys. */
  readonly hasKeys: boolean;
  /** Uploads of large bodies come to this API. */
  readonly takesUploads: boolean;
}

/** `GET /openapi.json`; the document is built when it is asked for first. */
export function getOpenApi(rules: ContractRules): Handler {
  let text: string | undefined;
  return (c) => {
    text ??= JSON.stringify(rules.hasKeys ? withKeys(openApiDocument(rules), rules) : openApiDocument(rules));
    return c.body(text, 200, { 'content-type': 'application/json' });
  };
}

function openApiDocument(rules: ContractRules): OpenApiDocument {
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Millrace',
      version: '0.1.0',
      description: 'Accepts messages exactly once and delivers them to their targets, with retries.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      ...acceptPaths(),
      ...payloadPaths(rules),
      ...operatorPaths(),
      ...secretPaths(),
      ...targetPaths(),
      ...healthPaths(),
    },
    components: { schemas: componentSchemas(rules) },
  };
}

function acceptPaths(): Paths {
  return {
    '/message': {
      post: {
        operationId: 'acceptMessage',
        summary: 'Accept one message',
        requestBody: requestBody('Message', examples.message),
        responses: {
          202: answer('Stored durably, and will be delivered', 'Accepted', examples.accepted),
          200: answer('A repeat of a message that was accepted before', 'Accepted', examples.repeated),
          ...problems(400, 403, 413, 415, 500),
          409: problem('A message of the same identity was accepted with another content'),
          503: problem('Not durably queued: repeat the request'),
        },
      },
    },
    '/messages': {
      post: {
        operationId: 'acceptMessages',
        summary: `Accept up to ${LIMITS.batchSize} messages, each with a result of its own`,
        requestBody: requestBody('MessageBatch', examples.batch, {
          'application/x-ndjson': { schema: { type: 'string' }, example: examples.batchLines },
        }),
        responses: {
          202: answer('Every message is stored durably, since now or before', 'BatchResults', examples.batchAccepted),
          207: answer('Not every message is: the results say why', 'BatchResults', examples.batchMixed),
          ...problems(400, 403, 413, 415, 500),
          503: problem('None is durably queued: repeat the request', 'BatchUnavailable'),
        },
      },
      get: {
        operationId: 'listMessages',
        summary: 'List messages, newest first',
        parameters: PARAMETERS.list,
        responses: {
          200: answer('A page; the next begins at its cursor', 'MessagePage', examples.messagePage),
          ...problems(400, 403, 500, 503),
        },
      },
    },
  };
}

function payloadPaths({ takesUploads }: ContractRules): Paths {
  return {
    '/payloads': {
      post: {
        operationId: 'beginUpload',
        summary: `Ask where to put a body of up to ${LIMITS.payloadBytes} bytes, for messages that name its payloadId`,
        requestBody: requestBody('Payload', examples.payload),
        responses: {
          201: answer('Where and how to put it', 'Upload', examples.upload),
          ...problems(400, 403, 413, 415, 500, 503),
        },
      },
    },
    ...(takesUploads && { '/payloads/{payloadId}': uploadPath() }),
  };
}

function uploadPath(): Json {
  return {
    parameters: PARAMETERS.uploadPath,
    put: {
      operationId: 'upload',
      summary: 'Put a body to the uploadUrl of an answer to POST /payloads; needs no key',
      parameters: PARAMETERS.upload,
      requestBody: { required: true, content: { 'application/octet-stream': { schema: {} } } },
      responses: {
        200: answer('Stored durably', 'Uploaded', examples.uploaded),
        ...problems(500, 503),
        400: problem('Not what was announced: fewer bytes, or others'),
        403: problem('The URL is not one that this server gave, or has expired'),
        413: problem('More bytes than were announced'),
      },
    },
  };
}

function operatorPaths(): Paths {
  return {
    '/messages/{messageId}': {
      parameters: PARAMETERS.path,
      get: {
        operationId: 'getMessage',
        summary: 'Show every message with this id',
        parameters: PARAMETERS.get,
        responses: {
          200: answer('The messages, newest first', 'Messages', examples.messages),
          ...problems(400, 403, 404, 500, 503),
        },
      },
    },
    '/messages/{messageId}/replay': {
      parameters: PARAMETERS.path,
      post: {
        operationId: 'replayMessage',
        summary: 'Send every FAILED message of this name through a fresh plan',
        requestBody: requestBody('Replay', examples.replay),
        responses: {
          202: answer('They will be delivered', 'Replayed', examples.replayed),
          ...problems(400, 403, 404, 413, 415, 500, 503),
          409: problem('None of the messages is FAILED'),
        },
      },
    },
    '/replays': {
      post: {
        operationId: 'replayMessages',
        summary: 'Send FAILED messages that match through a fresh plan, newest first, or count them',
        requestBody: requestBody('ReplayQuery', examples.replayQuery),
        responses: {
          202: answer('What was replayed and what remains', 'ReplayPage', examples.replayPage),
          ...problems(400, 403, 413, 415, 500, 503),
        },
      },
    },
    '/stats': {
      get: {
        operationId: 'getStats',
        summary: 'Account for every message that was ever accepted',
        responses: { 200: answer('The counts', 'Stats', examples.stats), ...problems(403, 500, 503) },
      },
    },
  };
}

function secretPaths(): Paths {
  const unusable = problem('The secrets of this sender are stored, and cannot be used: a person must mend them');
  const secrets = 'The secrets in force, the newest first';
  return {
    '/secrets/{senderId}': {
      parameters: PARAMETERS.senderPath,
      get: {
        operationId: 'getSecrets',
        summary: 'Show the secrets that sign the requests of a sender; they are made when there are none',
        responses: {
          200: answer(secrets, 'SigningSecrets', examples.signingSecrets),
          ...problems(400, 403, 500, 503),
          409: unusable,
        },
      },
    },
    '/secrets/{senderId}/rotate': {
      parameters: PARAMETERS.senderPath,
      post: {
        operationId: 'rotateSecret',
        summary: 'Give a sender a new secret; those of now go on to sign beside it for a while',
        requestBody: { ...requestBody('Rotation', examples.rotation), required: false },
        responses: {
          200: answer(secrets, 'SigningSecrets', examples.signingSecrets),
          ...problems(400, 403, 413, 415, 500, 503),
          409: unusable,
        },
      },
    },
  };
}

function targetPaths(): Paths {
  return {
    '/targets': {
      get: {
        operationId: 'listTargets',
        summary: 'List the circuits and holds of targets',
        parameters: PARAMETERS.targets,
        responses: {
          200: answer('A page; the next begins at its cursor', 'TargetPage', examples.targetPage),
          ...problems(400, 403, 500, 503),
        },
      },
    },
    '/targets/hold': {
      post: {
        operationId: 'holdTarget',
        summary: 'Let the messages of a sender to an origin or a URL wait, until it is released',
        requestBody: requestBody('Target', examples.target),
        responses: {
          200: answer('They wait', 'TargetView', examples.heldTarget),
          ...problems(400, 403, 413, 415, 500, 503),
        },
      },
    },
    '/targets/release': {
      post: {
        operationId: 'releaseTarget',
        summary: 'End a hold, or let an open circuit be probed at once',
        requestBody: requestBody('Target', examples.target),
        responses: {
          200: answer('What is left', 'TargetView', { ...examples.target, circuit: null, hold: null }),
          ...problems(400, 403, 413, 415, 500, 503),
          404: problem('It is neither held, nor is its circuit open'),
        },
      },
    },
  };
}

function healthPaths(): Paths {
  return {
    '/health': {
      get: {
        operationId: 'getHealth',
        summary: 'Is the API alive?',
        responses: { 200: answer('It is', 'Health', { status: 'ok' }), ...problems(500) },
      },
    },
    '/health/ready': {
      get: {
        operationId: 'getReadiness',
        summary: 'Can the API do its work?',
        responses: {
          200: answer('Everything that it needs answers', 'Health', { status: 'ready' }),
          503: problem('Something does not: the parts are named', 'NotReady', examples.notReady),
          ...problems(500),
        },
      },
    },
    '/metrics': {
      get: {
        operationId: 'getMetrics',
        summary: 'Metrics of this server, for Prometheus; functions on AWS have none here',
        responses: {
          200: {
            description: 'The text format of Prometheus, version 0.0.4',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
          ...problems(403, 404, 500, 503),
        },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'getOpenApi',
        summary: 'This document',
        responses: {
          200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
          ...problems(500),
        },
      },
    },
  };
}

function requestBody(schema: ComponentName, example: Json, others: Json = {}): Json {
  return { required: true, content: { 'application/json': { schema: refTo(schema), example }, ...others } };
}

function answer(description: string, schema: ComponentName, example: Json): Json {
  return { description, content: { 'application/json': { schema: refTo(schema), example } } };
}

const PROBLEMS = {
  400: 'The request is not valid: every problem is listed',
  403: 'The caller may not act for this sender, or is not known',
  404: 'There is no such message, or none of a sender that the caller may act for',
  413: `The request is larger than ${LIMITS.requestBytes} bytes`,
  415: 'The body is not of a type that this call takes',
  500: 'Something unexpected went wrong',
  503: 'The store cannot do it now: repeat the request',
} as const;

function problems(...statuses: readonly (keyof typeof PROBLEMS)[]): Json {
  const example = (status: number) => (status === 400 ? examples.invalid : undefined);
  return Object.fromEntries(
    statuses.map((status) => [status, problem(PROBLEMS[status], 'ProblemDocument', example(status))]),
  );
}

function problem(
  description: string,
  schema: ComponentName = 'ProblemDocument',
  example: Json | undefined = undefined,
): Json {
  const media = { schema: refTo(schema), ...(example && { example }) };
  return { description, content: { 'application/problem+json': media } };
}

/**
 * What keys add to the contract: the calls that manage them, and what every other call answers to who has none, or sends
 * more than its key allows.
 */

import * as z from 'zod/mini';
import { closedObject } from './fields.ts';
import { createKeySchema, keysSchema, keyViewSchema, newKeySchema } from './key-schema.ts';
import type { MessageRules } from './message-schema.ts';
import { type Json, type OpenApiDocument, type Paths, parameters, toComponents } from './openapi-schemas.ts';

const EXAMPLE = {
  id: 'q3ne7ht5kxw2',
  name: 'the billing service',
  senders: ['billing'],
  scopes: ['send', 'read'],
  createdAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2027-11-22T10:00:00.000Z',
  revokedAt: null,
  rate: { perSecond: 200, burst: 400 },
  backlog: 10_000,
};

const EXAMPLE_REQUEST = {
  name: EXAMPLE.name,
  senders: EXAMPLE.senders,
  expiresAt: '2027-11-22T10:00:00Z',
  rate: EXAMPLE.rate,
  backlog: EXAMPLE.backlog,
};

const EXAMPLE_KEY = `mlr_${EXAMPLE.id}_rbhfrcqgfplskwiniyn45f3bjf25zyfsalwuxqgiocfoqk6fhbqahz7mbek`;

/** The contract of an API whose callers are known by keys. */
export function withKeys(document: OpenApiDocument, rules: MessageRules): OpenApiDocument {
  const { paths, components } = document;
  const schemas = toComponents({
    KeyRequest: createKeySchema(rules.now),
    Key: keyViewSchema,
    NewKey: newKeySchema,
    Keys: keysSchema,
  });
  return {
    ...document,
    // Or none: while there has never been a key.
    security: [{ key: [] }, {}],
    paths: withRefusals({ ...paths, ...keyPaths() }),
    components: {
      schemas: { ...components.schemas, ...schemas },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key: `mlr_…`' } },
    },
  };
}

/** Calls that need no key: uploads are let in by the signature of their URL. */
const OPEN_PATHS = new Set(['/payloads/{payloadId}', '/health', '/health/ready', '/openapi.json']);
const LIMITED_CALLS = new Set(['acceptMessage', 'acceptMessages']);

const UNAUTHORIZED = problem('There is no key, or it is not one of this server, was revoked or has expired');
const LIMITED = problem('The key has used up its rate, or too many messages of its senders wait: nothing was accepted');
/** The HTTP server's own answer, before the API sees the request: it has no body. */
const TOO_LONG = { description: 'The URL and the headers are longer than the server reads (16 KiB)' };

function withRefusals(paths: Paths): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, operation]) => [
          method,
          isOperation(operation) ? withRefusalsOf(path, operation) : operation,
        ]),
      ),
    ]),
  );
}

interface Operation extends Json {
  readonly operationId: string;
  readonly responses: Json;
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

function withRefusalsOf(path: string, operation: Operation): Operation {
  const responses = { ...operation.responses, 431: TOO_LONG };
  if (OPEN_PATHS.has(path)) return { ...operation, responses, security: [] } as Operation;
  const limited = LIMITED_CALLS.has(operation.operationId) ? { 429: LIMITED } : {};
  return { ...operation, responses: { ...responses, 401: UNAUTHORIZED, ...limited } };
}

function keyPaths(): Paths {
  return {
    '/keys': {
      post: {
        operationId: 'createKey',
        summary: 'Make a key that gives no more than the one that asks for it; the answer alone shows it',
        requestBody: { required: true, content: json('KeyRequest', EXAMPLE_REQUEST) },
        responses: {
          201: { description: 'The key', content: json('NewKey', { ...EXAMPLE, key: EXAMPLE_KEY }) },
          ...problems(400, 403, 413, 415, 500, 503),
        },
      },
      get: {
        operationId: 'listKeys',
        summary: 'List all keys, without what they are',
        responses: {
          200: { description: 'The keys', content: json('Keys', { keys: [EXAMPLE] }) },
          ...problems(403, 500, 503),
        },
      },
    },
    '/keys/{keyId}': {
      parameters: parameters('path', closedObject({ keyId: z.string() })),
      delete: {
        operationId: 'revokeKey',
        summary: 'Revoke a key: it is refused from now on, and stays in the list',
        responses: {
          200: {
            description: 'The key, revoked now or before',
            content: json('Key', { ...EXAMPLE, revokedAt: '2026-11-23T08:00:00.000Z' }),
          },
          ...problems(403, 404, 500, 503),
        },
      },
    },
  };
}

function json(schema: string, example: Json): Json {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example } };
}

function problem(description: string): Json {
  const schema = { $ref: '#/components/schemas/ProblemDocument' };
  return { description, content: { 'application/problem+json': { schema } } };
}

const PROBLEMS = {
  400: 'The request is not valid: every problem is listed',
  403: 'The caller may not manage keys, or not give so much',
  404: 'There is no such key',
  413: 'The request is too large',
  415: 'The body is not JSON',
  500: 'Something unexpected went wrong',
  503: 'The store cannot do it now, or there is too much to do: repeat the request',
} as const;

function problems(...statuses: readonly (keyof typeof PROBLEMS)[]): Json {
  return Object.fromEntries(statuses.map((status) => [status, problem(PROBLEMS[status])]));
}

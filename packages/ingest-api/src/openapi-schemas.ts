/**
 * The schemas of the contract: those that check requests and describe answers, as JSON Schema 2020-12.
 */

import * as z from 'zod/mini';
import { closedObject, idField } from './fields.ts';
import { createMessageSchema, type MessageRules } from './message-schema.ts';
import { problemDocumentSchema, problemSchema } from './problem-document.ts';
import {
  batchSchema,
  getQuerySchema,
  listQuerySchema,
  payloadSchema,
  replayManySchema,
  replaySchema,
  rotateSchema,
  senderPathSchema,
  targetSchema,
  targetsQuerySchema,
  uploadQuerySchema,
} from './requests.ts';
import * as responses from './responses.ts';
import { targetViewSchema } from './target-views.ts';
import { messageViewSchema } from './views.ts';

export interface Json {
  readonly [name: string]: unknown;
}

/** Calls by path and method. */
export type Paths = Readonly<Record<string, Json>>;

export interface OpenApiDocument extends Json {
  readonly paths: Paths;
  readonly components: Json & { readonly schemas: Json };
}

function components(rules: MessageRules) {
  const message = createMessageSchema(rules);
  return {
    Message: message,
    MessageBatch: batchSchema(message),
    Replay: replaySchema,
    ReplayQuery: replayManySchema,
    Rotation: rotateSchema,
    Payload: payloadSchema,
    Upload: responses.uploadSchema,
    Uploaded: responses.uploadedSchema,
    Accepted: responses.acceptedSchema,
    BatchResult: responses.resultSchema,
    BatchResults: responses.resultsSchema,
    BatchUnavailable: responses.batchUnavailableSchema,
    MessageView: messageViewSchema,
    Messages: responses.messagesSchema,
    MessagePage: responses.messagePageSchema,
    Replayed: responses.replayedSchema,
    ReplayPage: responses.replayPageSchema,
    SigningSecrets: responses.signingSecretsSchema,
    Target: targetSchema,
    TargetView: targetViewSchema,
    TargetPage: responses.targetPageSchema,
    Stats: responses.statsSchema,
    Health: responses.healthSchema,
    NotReady: responses.notReadySchema,
    Problem: problemSchema,
    ProblemDocument: problemDocumentSchema,
  };
}

export type ComponentName = keyof ReturnType<typeof components>;

/** Schemas as they look from outside: with defaults for what a request leaves out, and answers that may grow. */
const OUTSIDE = { io: 'input', unrepresentable: 'any' } as const;

export function refTo(name: ComponentName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schemas that the document refers to, by name. */
export function componentSchemas(rules: MessageRules): Json {
  return toComponents(components(rules));
}

/** Schemas that may refer to each other, as components of the document. */
export function toComponents(named: Readonly<Record<string, z.core.$ZodType>>): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...OUTSIDE, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $id, $schema, ...schema }]) => [id, schema]));
}

const pathSchema = closedObject({ messageId: idField() });

/** The parameters of calls. */
export const PARAMETERS = {
  path: parameters('path', pathSchema),
  senderPath: parameters('path', senderPathSchema),
  get: parameters('query', getQuerySchema),
  list: parameters('query', listQuerySchema),
  targets: parameters('query', targetsQuerySchema),
  uploadPath: parameters('path', closedObject({ payloadId: z.string() })),
  upload: parameters('query', uploadQuerySchema),
};

export function parameters(place: 'path' | 'query', schema: z.core.$ZodType): readonly Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, OUTSIDE);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

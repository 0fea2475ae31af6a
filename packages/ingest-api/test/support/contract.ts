/**
 * Holds answers against the API's own contract: the operation must list the status and the media type, and the body
 * must match the schema, without a field that the schema does not name.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

export interface Media {
  readonly schema: object;
  readonly example?: unknown;
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, Media>> }>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly jsonSchemaDialect: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Contract {
  /** @throws Error when the API does not promise such an answer */
  check(method: string, url: string, answer: Answer): void;
  /** Compiles a schema of the document; it may refer to the document's components. */
  compile(schema: object): ValidateFunction;
}

const DOCUMENT = 'https://millrace.example/openapi.json';

export function createContract(document: OpenApi): Contract {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, allowUnionTypes: true });
  formats.default(ajv);
  for (const keyword of ['components', 'example']) ajv.addKeyword(keyword);
  ajv.addSchema({ $id: DOCUMENT, components: closed(document.components) });
  const compiled = new Map<string, ValidateFunction>();
  const compile = (schema: object): ValidateFunction => {
    const text = rebased(schema);
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    return validate;
  };

  return {
    compile,
    check(method, url, answer) {
      const where = `${method} ${url} -> ${answer.status} ${answer.headers['content-type']} ${answer.text}`;
      const media = promised(document, method, url, answer);
      if (media === undefined) throw new Error(`not in the contract: ${where}`);
      if (media === 'no body') {
        if (answer.text !== '') throw new Error(`a body where there must be none: ${where}`);
        return;
      }
      const validate = compile(media.schema);
      if (!validate(JSON.parse(answer.text))) throw new Error(`${where}\n${ajv.errorsText(validate.errors)}`);
    },
  };
}

/** The text of a schema, its references to the document by the name that the validator knows. */
function rebased(schema: object): string {
  return JSON.stringify(schema).replaceAll('"#/components/', `"${DOCUMENT}#/components/`);
}

/** The contract lets answers grow; a test wants to know of every field that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isOpenObject = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isOpenObject ? { ...copy, additionalProperties: false } : copy;
}

/** Every path answers what is none of its methods; every other path is not there. */
const ANYWHERE: Readonly<Record<number, string>> = { 404: 'not-found', 405: 'unsupported' };

function promised(document: OpenApi, method: string, url: string, answer: Answer): Media | 'no body' | undefined {
  const path = new URL(url, 'http://127.0.0.1').pathname;
  const item = Object.entries(document.paths).find(([template]) => isAt(template, path))?.[1];
  if (method === 'HEAD' || (method === 'OPTIONS' && answer.status === 204)) return 'no body';

  const contentType = answer.headers['content-type']?.split(';')[0] ?? '';
  const operation = item?.[method.toLowerCase()];
  if (operation !== undefined) return operation.responses[answer.status]?.content[contentType];
  if (ANYWHERE[answer.status] === undefined || contentType !== 'application/problem+json') return undefined;
  return { schema: { $ref: '#/components/schemas/ProblemDocument' } };
}

function isAt(template: string, path: string): boolean {
  const pattern = template.replace(/[.]/g, '[.]').replace(/\{[^}]+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(path);
}

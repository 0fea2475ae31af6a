import { describe, expect, test } from '@jest/globals';
import { START_TIME } from '@millrace/core/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createApp } from '../src/index.ts';
import { createMessageReader } from '../src/message-reader.ts';
import { startApi } from './support/api.ts';
import { createContract, type Media, type OpenApi } from './support/contract.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

async function fetchDocument(): Promise<OpenApi> {
  const { client } = await startApi();
  const { status, json } = await client.get('/openapi.json');
  expect(status).toBe(200);
  return json as OpenApi;
}

function operationsOf(document: OpenApi) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      METHODS.includes(method) ? [{ path, method: method.toUpperCase(), operation }] : [],
    ),
  );
}

/** Every body of the document, of requests and answers. */
function mediaOf(document: OpenApi): Media[] {
  return operationsOf(document).flatMap(({ operation }) =>
    [operation.requestBody, ...Object.values(operation.responses)].flatMap((body) =>
      Object.values(body?.content ?? {}),
    ),
  );
}

describe('GET /openapi.json', () => {
  test('is an OpenAPI 3.1 document whose schemas are valid JSON Schema 2020-12', async () => {
    const document = await fetchDocument();
    expect(document.openapi).toMatch(/^3[.]1[.]\d+$/);
    expect(document.jsonSchemaDialect).toBe('https://json-schema.org/draft/2020-12/schema');

    const ajv = new Ajv2020();
    const contract = createContract(document);
    const names = Object.keys(document.components.schemas);
    expect(names).toContain('Message');
    for (const name of names) {
      expect(ajv.validateSchema(document.components.schemas[name] ?? {})).toBe(true);
      expect(() => contract.compile({ $ref: `#/components/schemas/${name}` })).not.toThrow();
    }
    for (const { schema } of mediaOf(document)) expect(() => contract.compile(schema)).not.toThrow();
  });

  test('names every call of the API, each with its own operationId', async () => {
    const operations = operationsOf(await fetchDocument());
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'DELETE /keys/{keyId}',
      'GET /health',
      'GET /health/ready',
      'GET /keys',
      'GET /messages',
      'GET /messages/{messageId}',
      'GET /metrics',
      'GET /openapi.json',
      'GET /secrets/{senderId}',
      'GET /stats',
      'GET /targets',
      'POST /keys',
      'POST /message',
      'POST /messages',
      'POST /messages/{messageId}/replay',
      'POST /payloads',
      'POST /replays',
      'POST /secrets/{senderId}/rotate',
      'POST /targets/hold',
      'POST /targets/release',
      'PUT /payloads/{payloadId}',
    ]);
    const ids = operations.map(({ operation }) => (operation as { operationId?: string }).operationId);
    expect(new Set(ids).size).toBe(operations.length);
  });

  test('gives examples that match their schemas', async () => {
    const document = await fetchDocument();
    const contract = createContract(document);
    const examples = mediaOf(document).filter((media) => media.example !== undefined);
    expect(examples.length).toBeGreaterThan(10);
    for (const { schema, example } of examples) {
      const validate = contract.compile(schema);
      expect({ example, isValid: validate(example), errors: validate.errors }).toMatchObject({ isValid: true });
    }
  });

  test('describes messages as they are checked: its example is accepted, and a typo is refused by both', async () => {
    const document = await fetchDocument();
    const read = createMessageReader({ allowHttp: false, now: () => START_TIME });
    const example = document.paths['/message']?.['post']?.requestBody?.content['application/json']?.example as object;
    const validate = createContract(document).compile({ $ref: '#/components/schemas/Message' });
    const check = (json: object) => [validate(json), read(json).kind === 'message'];
    expect(check(example)).toEqual([true, true]);
    for (const wrong of [{ methode: 'PUT' }, { method: 'HEAD' }, { senderId: 'a b' }, { retry: { maxAttempts: 21 } }]) {
      expect(check({ ...example, ...wrong })).toEqual([false, false]);
    }
    expect(check({})).toEqual([false, false]);
  });
});

describe('the contract of an API with keys', () => {
  test('asks for a key wherever one is needed, and nowhere else', async () => {
    const document = await fetchDocument();
    const open = operationsOf(document).filter(({ operation }) => operation.responses['401'] === undefined);
    expect(open.map(({ path }) => path)).toEqual([
      '/payloads/{payloadId}',
      '/health',
      '/health/ready',
      '/openapi.json',
    ]);
    for (const { operation } of open) expect(operation).toMatchObject({ security: [] });
    expect(document).toMatchObject({
      security: [{ key: [] }, {}],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    });
  });

  test('names keys only where there are any', async () => {
    const { store, signing, circuits, payloads, clock } = await startApi();
    const app = createApp({ store, signing, circuits, payloads, clock, config: { allowHttp: false, corsOrigins: [] } });
    const text = await (await app.request('/openapi.json')).text();
    expect(text).not.toMatch(/\/keys|bearer|"401"|KeyRequest/);
    expect((await app.request('/keys')).status).toBe(404);
  });
});

describe('the contract that tests hold answers against', () => {
  test('refuses a status, a media type, a field or a body that it does not name', async () => {
    const contract = createContract(await fetchDocument());
    const headers = { 'content-type': 'application/json' };
    const body = { messageId: 'a', senderId: 'b', status: 'QUEUED', duplicate: false };
    const check = (answer: { status?: number; headers?: typeof headers; body?: object }) => () =>
      contract.check('POST', '/message', {
        status: 202,
        headers,
        text: JSON.stringify(answer.body ?? body),
        ...answer,
      });
    expect(check({})).not.toThrow();
    expect(check({ status: 201 })).toThrow('not in the contract');
    expect(check({ headers: { 'content-type': 'text/plain' } })).toThrow('not in the contract');
    expect(check({ body: { ...body, more: 1 } })).toThrow('must NOT have additional properties');
    expect(check({ body: { ...body, status: 'DONE' } })).toThrow('must be equal to one of the allowed values');
    expect(() => contract.check('HEAD', '/health', { status: 200, headers: {}, text: 'x' })).toThrow('a body');
  });
});

/** The JSON protocols of AWS: `X-Amz-Target` names service and action, errors carry their type. */

import { randomUUID } from 'node:crypto';
import { isJson } from './json-input.ts';
import { type Json, ServiceError, type ServiceName, serializationError } from './service.ts';

export interface Target {
  readonly service: ServiceName;
  readonly action: string;
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const SERVICES: Readonly<Record<string, ServiceName>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  AmazonSSM: 'ssm',
  secretsmanager: 'secretsmanager',
};

/** Undefined when the request is for no service of these protocols. */
export function readTarget(headers: Readonly<Record<string, string | string[] | undefined>>): Target | undefined {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') return undefined;
  const [prefix = '', action = ''] = target.split('.');
  const service = SERVICES[prefix];
  return service === undefined ? undefined : { service, action };
}

/**
 * The answer to a request, with what `run` gives or with its error. What is no error of the service is thrown: a cut
 * connection has no answer, and the rest are defects.
 *
 * @param body of the request, as text
 */
export async function answerTo(body: string, run: (input: Json) => Promise<Json>): Promise<HttpAnswer> {
  try {
    return toAnswer(200, await run(readInput(body)));
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { type, message, details, status } = error;
    return toAnswer(status, { __type: type, message, ...details }, errorHeaders(error));
  }
}

function readInput(body: string): Json {
  const parsed = parseOrUndefined(body);
  if (!isJson(parsed)) throw serializationError('the body must be a JSON object');
  return parsed;
}

function parseOrUndefined(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function toAnswer(statusCode: number, answer: Json, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const body = Buffer.from(JSON.stringify(answer));
  return {
    statusCode,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': String(body.length),
      'x-amzn-requestid': randomUUID(),
      ...headers,
    },
    body,
  };
}

function errorHeaders({ queryCode, status }: ServiceError): Record<string, string> {
  if (queryCode === undefined) return {};
  return { 'x-amzn-query-error': `${queryCode};${status < 500 ? 'Sender' : 'Receiver'}` };
}

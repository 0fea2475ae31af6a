/** The way of every call to a service: faults before it, its effect, faults after it, and the books. */

import { setTimeout } from 'node:timers/promises';
import type { CallLog } from './call-log.ts';
import type { Fault, Faults, SeenCall } from './faults.ts';
import { isJson, objects } from './json-input.ts';
import { type Json, ServiceError, type ServiceName } from './service.ts';

/** The connection breaks: the caller learns nothing. */
export class ConnectionCut extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the connection was cut');
    this.name = 'ConnectionCut';
  }
}

type EntriesFault = Extract<Fault, { kind: 'fail-entries' }>;

const NAMESPACES: Readonly<Record<ServiceName, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810',
  sqs: 'com.amazonaws.sqs',
  secretsmanager: 'com.amazonaws.secretsmanager',
  ssm: 'com.amazonaws.ssm',
  s3: 'com.amazonaws.s3',
};

/** By which each service says that it is asked too often. */
export const THROTTLES: Readonly<Record<ServiceName, { readonly code: string; readonly status: number }>> = {
  dynamodb: { code: 'ProvisionedThroughputExceededException', status: 400 },
  sqs: { code: 'RequestThrottled', status: 403 },
  secretsmanager: { code: 'ThrottlingException', status: 400 },
  ssm: { code: 'ThrottlingException', status: 400 },
  s3: { code: 'SlowDown', status: 503 },
};

/** What happens before the effect. @throws ServiceError, ConnectionCut */
async function beforeEffect({ service }: SeenCall, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'delay') await setTimeout(fault.ms);
    if (fault.kind === 'wait' && fault.at !== 'after') await fault.until;
    if (fault.kind === 'cut-before') throw new ConnectionCut();
    if (fault.kind === 'error') throw anError(service, fault.code, fault.status ?? 400, fault.message);
    if (fault.kind === 'throttle') throw anError(service, THROTTLES[service].code, THROTTLES[service].status);
  }
}

/** What happens between the effect and the answer. @throws ConnectionCut */
async function afterEffect(faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === 'wait' && fault.at === 'after') await fault.until;
    if (fault.kind === 'cut-after') throw new ConnectionCut();
  }
}

function anError(
  service: ServiceName,
  code: string,
  status: number,
  message = 'A test wants this error.',
): ServiceError {
  const type = code.includes('#') ? code : `${NAMESPACES[service]}#${code}`;
  return new ServiceError(type, message, { status, ...(service === 'sqs' ? { queryCode: code } : {}) });
}

export interface PipelineOptions {
  readonly faults: Faults;
  readonly log: CallLog;
}

export type Pipeline = (call: SeenCall, effect: (input: Json) => Json | Promise<Json>) => Promise<Json>;

/** @returns a function that makes a call; it throws `ServiceError` or `ConnectionCut` */
export function createPipeline({ faults, log }: PipelineOptions): Pipeline {
  return async (call, effect) => {
    const { service, action, input } = call;
    const struck = faults.strike(call);
    try {
      if (struck.length > 0) await beforeEffect(call, struck);
      const entriesFault = struck.find((fault) => fault.kind === 'fail-entries');
      const output = await (entriesFault === undefined ? effect(input) : failEntries(entriesFault, input, effect));
      if (struck.length > 0) await afterEffect(struck);
      log.succeeded(service, action, input, output);
      return output;
    } catch (error) {
      log.failed(service, action);
      throw error;
    }
  };
}

async function failEntries(
  { entries, code = 'InternalError', senderFault = false, takesEffect = false }: EntriesFault,
  input: Json,
  effect: (input: Json) => Json | Promise<Json>,
): Promise<Json> {
  const all = objects(input, 'Entries');
  const failing = all.filter((_, index) => entries.includes(index));
  const ids = new Set(failing.map((entry) => entry['Id']));
  const rest = takesEffect ? all : all.filter((_, index) => !entries.includes(index));
  const output = rest.length === 0 ? {} : await effect({ ...input, Entries: rest });
  const isWanted = (entry: unknown): boolean => isJson(entry) && !ids.has(entry['Id']);
  const successful = objects(output, 'Successful').filter(isWanted);
  const failed = [
    ...objects(output, 'Failed').filter(isWanted),
    ...failing.map(({ Id }) => ({ Id, Code: code, SenderFault: senderFault, Message: 'A test wants this error.' })),
  ];
  return {
    ...(successful.length === 0 ? {} : { Successful: successful }),
    ...(failed.length === 0 ? {} : { Failed: failed }),
  };
}

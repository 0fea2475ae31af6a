/** What was called how often, and what AWS would have billed for it. */

import type { Capacity } from './dynamodb-server.ts';
import { isJson, objects, text } from './json-input.ts';
import type { Json, ServiceName } from './service.ts';

export interface CallStats {
  readonly calls: number;
  /** Of these: answered with an error, or not at all; of S3 only those that faults struck. */
  readonly failures: number;
  /** Messages of SQS; entries of batches; items that a query, a scan or a batch gave or wrote; else 1 a call. */
  readonly items: number;
  /** Requests as SQS bills them: one for each 64 KiB of payload begun, one a call at least. Elsewhere the calls. */
  readonly billedRequests: number;
  /** Of DynamoDB. */
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface CallLog {
  readonly stats: () => ReadonlyMap<string, CallStats>;
  succeeded(service: ServiceName, action: string, input: Json, output: Json): void;
  failed(service: ServiceName, action: string): void;
  consumed(service: ServiceName, action: string, capacity: Capacity): void;
  clear(): void;
}

type Totals = { -readonly [K in keyof CallStats]: number };

const BILLED_CHUNK_BYTES = 65_536;

export function createCallLog(): CallLog {
  const totals = new Map<string, Totals>();

  function of(service: ServiceName, action: string): Totals {
    const name = `${service}.${action}`;
    const known = totals.get(name) ?? {
      calls: 0,
      failures: 0,
      items: 0,
      billedRequests: 0,
      readUnits: 0,
      writeUnits: 0,
    };
    totals.set(name, known);
    return known;
  }

  return {
    stats: () => new Map([...totals].map(([name, stats]) => [name, { ...stats }])),
    succeeded(service, action, input, output) {
      const stats = of(service, action);
      stats.calls += 1;
      stats.items += itemsOf(service, action, input, output);
      stats.billedRequests += service === 'sqs' ? billedChunks(action, input, output) : 1;
    },
    failed(service, action) {
      const stats = of(service, action);
      stats.calls += 1;
      stats.failures += 1;
      stats.billedRequests += 1;
    },
    consumed(service, action, { readUnits, writeUnits }) {
      const stats = of(service, action);
      stats.readUnits += readUnits;
      stats.writeUnits += writeUnits;
    },
    clear: () => totals.clear(),
  };
}

function itemsOf(service: ServiceName, action: string, input: Json, output: Json): number {
  if (action === 'ReceiveMessage') return objects(output, 'Messages').length;
  if (service === 'sqs' && action.endsWith('Batch')) return objects(input, 'Entries').length;
  if (action === 'Query' || action === 'Scan') return Number(output['Count'] ?? 0);
  if (action === 'BatchGetItem' || action === 'BatchWriteItem') return batchItems(input['RequestItems']);
  return 1;
}

function batchItems(tables: unknown): number {
  if (!isJson(tables)) return 0;
  return Object.values(tables).reduce<number>((sum, table) => {
    if (Array.isArray(table)) return sum + table.length;
    return sum + (isJson(table) ? objects(table, 'Keys').length : 0);
  }, 0);
}

function billedChunks(action: string, input: Json, output: Json): number {
  const bytes = payloads(action, input, output).reduce((sum, payload) => sum + payloadBytes(payload), 0);
  return Math.max(1, Math.ceil(bytes / BILLED_CHUNK_BYTES));
}

function payloads(action: string, input: Json, output: Json): readonly Json[] {
  if (action === 'SendMessage') return [input];
  if (action === 'SendMessageBatch') return objects(input, 'Entries');
  return action === 'ReceiveMessage' ? objects(output, 'Messages') : [];
}

function payloadBytes(payload: Json): number {
  const attributes = payload['MessageAttributes'];
  const attributeBytes = attributes === undefined ? 0 : Buffer.byteLength(JSON.stringify(attributes));
  return Buffer.byteLength(text(payload, 'MessageBody') ?? text(payload, 'Body') ?? '') + attributeBytes;
}

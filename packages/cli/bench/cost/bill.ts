/** From what was used to what a million messages cost. */

import { type Billed, costOf } from './prices.ts';
import type { Usage } from './usage.ts';

/** CPU milliseconds of one invocation, of a core as fast as one of Lambda's. */
export interface Cpu {
  readonly apiMs: number;
  readonly workerMs: number;
}

/** What is assumed of everything that cannot be counted without AWS. */
export const ASSUMED = {
  /** Of both functions, MB. A whole core comes with 1,769 MB. */
  memoryMb: 512,
  mbPerCore: 1_769,
  /** Milliseconds that a call waits, beside its CPU. */
  dynamodbMs: 5,
  sqsMs: 10,
  targetMs: 100,
  /** Calls that a function has under way at once: writes of rows and sends by the API, connections of the worker. */
  apiWrites: 32,
  apiSends: 8,
  workerCalls: 64,
  /** Bytes of logs for an invocation. */
  logBytes: 400,
  /** Records of a worker batch: one object of the attempt log each. */
  attemptLogObjectsPerBatch: 1,
  /** Days that a delivered message stays in the table; a day and a half more until the table's own deletion comes. */
  keptDays: 8.5,
  /** Bytes that a row takes beside what is in it. */
  rowOverheadBytes: 100,
} as const;

export interface Line {
  readonly name: string;
  /** Of what is billed, for a million messages. */
  readonly amount: number;
  readonly unit: string;
  readonly dollars: number;
}

export interface Bill {
  /** What a message causes on its way. */
  readonly lines: readonly Line[];
  readonly dollars: number;
  /** What a row costs as long as it is there. */
  readonly kept: readonly Line[];
}

const MILLION = 1_000_000;
/** Of a scan: half a read unit for each 4 KB. */
const SCANNED_BYTES_PER_READ_UNIT = 8_192;
const DAYS_OF_MONTH = 30;

/** @param scansPerDay of the accounting */
export function billOf(usage: Usage, cpu: Cpu, scansPerDay: number): Bill {
  const perMillion = MILLION / usage.messages;
  const line = (name: string, unit: string, billed: Billed, amount: number): Line => ({
    ...{ name, unit, amount: amount * perMillion },
    dollars: costOf(billed, amount * perMillion),
  });
  const { apiRequests, workerInvocations } = usage;
  const invocations = apiRequests + workerInvocations;
  const sqsRequests = usage.sqsSends + usage.sqsReceives + usage.sqsDeletes;
  const gbSeconds = (ms: number): number => ((ms / 1_000) * ASSUMED.memoryMb) / 1_024;
  const lines = [
    line('API Gateway', 'requests', 'httpApi', apiRequests),
    line('Lambda, invocations', 'invocations', 'lambdaRequest', invocations),
    line('Lambda, ingest-api', 'GB-s', 'lambdaTime', gbSeconds(apiMs(usage, cpu) * apiRequests)),
    line('Lambda, delivery-worker', 'GB-s', 'lambdaTime', gbSeconds(workerMs(usage, cpu) * workerInvocations)),
    line('DynamoDB, writes', 'units', 'dynamodbWrite', usage.writeUnits),
    line('DynamoDB, reads', 'units', 'dynamodbRead', usage.readUnits),
    line('SQS', 'requests', 'sqs', sqsRequests),
    line('SQS, fair queues', 'requests', 'sqsFair', sqsRequests),
    line('S3, PUTs', 'requests', 's3Put', usage.s3Puts),
    line('S3, GETs', 'requests', 's3Get', usage.s3Gets),
    line('S3, attempt log', 'PUTs', 's3Put', workerInvocations * ASSUMED.attemptLogObjectsPerBatch),
    line('Logs', 'bytes', 'logs', invocations * ASSUMED.logBytes),
    line('To the internet', 'bytes', 'egress', usage.egressBytes),
  ];
  const { accountingReadUnits } = usage;
  const rowBytes = accountingReadUnits * SCANNED_BYTES_PER_READ_UNIT + usage.messages * ASSUMED.rowOverheadBytes;
  const scans = scansPerDay * ASSUMED.keptDays;
  const kept = [
    line('DynamoDB, accounting', 'read units', 'dynamodbRead', accountingReadUnits * scans),
    line('DynamoDB, storage', 'byte-months', 'dynamodbStorage', (rowBytes * ASSUMED.keptDays) / DAYS_OF_MONTH),
  ];
  return { lines, dollars: totalOf(lines), kept };
}

function totalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { dollars }) => sum + dollars, 0);
}

/** Milliseconds that AWS bills for an invocation of ingest-api. */
export function apiMs({ messages, apiRequests }: Usage, cpu: Cpu): number {
  const size = messages / apiRequests;
  const writes = Math.ceil(size / ASSUMED.apiWrites) * ASSUMED.dynamodbMs;
  const sends = Math.ceil(size / 10 / ASSUMED.apiSends) * ASSUMED.sqsMs;
  return onLambda(cpu.apiMs) + writes + sends;
}

/** Milliseconds that AWS bills for an invocation of the worker: claims, requests, results. */
export function workerMs({ attempts, workerInvocations }: Usage, cpu: Cpu): number {
  const waves = Math.ceil(attempts / workerInvocations / ASSUMED.workerCalls);
  return onLambda(cpu.workerMs) + 2 * waves * ASSUMED.dynamodbMs + waves * ASSUMED.targetMs;
}

/** A function with a part of a core takes that much longer. */
function onLambda(cpuMs: number): number {
  return (cpuMs * ASSUMED.mbPerCore) / ASSUMED.memoryMb;
}

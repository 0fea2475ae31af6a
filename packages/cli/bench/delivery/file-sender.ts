/**
 * Sends files as the bodies of requests, all at once, as undici does it by itself; a process of its own.
 *
 * Takes `FileRequest`s as a JSON array in its first argument and prints a `FilesSent`.
 */

import { createReadStream } from 'node:fs';
import { Agent, request } from 'undici';
import { monotonicMs } from './monotonic.ts';

export interface FileRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly file: string;
  /** Of the file. */
  readonly bytes: number;
}

export interface FilesSent {
  /** Monotonic milliseconds: before the first request, and when the last was answered. */
  readonly startMs: number;
  readonly endMs: number;
  /** In the order of the requests. */
  readonly statuses: readonly number[];
}

/** A server that hashes and stores what it gets takes its time to answer. */
const ANSWER_TIMEOUT_MS = 120_000;

const requests: readonly FileRequest[] = JSON.parse(process.argv[2] ?? '');
const dispatcher = new Agent({ headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS });

async function send({ method, url, file, bytes }: FileRequest): Promise<number> {
  const headers = { 'content-length': String(bytes) };
  const answer = await request(url, { method, headers, body: createReadStream(file), dispatcher });
  await answer.body.dump();
  return answer.statusCode;
}

process.stdin.resume().on('end', () => process.exit(130));
const startMs = monotonicMs();
const statuses = await Promise.all(requests.map(send));
const output: FilesSent = { startMs, endMs: monotonicMs(), statuses };
process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit(0));

/** Questions to a checkpoint in LocalStack, asked as people ask them: with the command line. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalStack } from '@millrace/core/testing/localstack';

const MILLRACE = resolve(import.meta.dirname, '../../../../../scripts/millrace');

export type QueryRow = Readonly<Record<string, unknown>>;

/**
 * @param source `s3://` of the checkpoint
 * @param question SQL, or the name of a query
 * @throws Error with what the command wrote, when it fails
 */
export async function queryCheckpoint(
  { config }: LocalStack,
  source: string,
  question: string,
): Promise<readonly QueryRow[]> {
  const { endpoint, region, credentials } = config;
  const cache = await mkdtemp(join(tmpdir(), 'millrace-query-cache-'));
  try {
    const env = {
      ...process.env,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      MILLRACE_CACHE_DIR: cache,
    };
    const args = ['query', question, '--source', source, '--endpoint', endpoint, '--json'];
    const { stdout } = await promisify(execFile)(MILLRACE, args, { env });
    return JSON.parse(stdout);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** Where the parts of a deployed system are. Terraform writes these settings. */

import { ConfigError } from '../errors.ts';
import type { Environment } from '../load-parts.ts';

export interface AwsConfig {
  readonly tableName: string;
  /** The table of circuits and holds. */
  readonly circuitsTableName: string;
  readonly bucketName: string;
  /** One or more shards; the same list, in the same order, for every function. */
  readonly workQueueUrls: readonly string[];
  readonly deadLetterQueueUrl: string;
  /** Days that a delivered message stays known. */
  readonly dedupeDays: number;
}

const LEAST_DEDUPE_DAYS = 7;
const MOST_DEDUPE_DAYS = 365;

/**
 * Reads the settings from environment variables; one that is empty counts as not set.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadAwsConfig(env: Environment): AwsConfig {
  const problems: string[] = [];
  const text = (name: string): string => {
    const value = env[name] ?? '';
    if (value === '') problems.push(`${name} is not set`);
    return value;
  };
  const urls = (name: string): readonly string[] => {
    const list = text(name).split(',').filter(Boolean);
    for (const url of list)
      if (!URL.canParse(url)) problems.push(`${name} holds ${JSON.stringify(url)}, which is not a URL`);
    return Object.freeze(list);
  };
  const days = env['MILLRACE_DEDUPE_DAYS'] || '7';
  const isDays = /^\d{1,3}$/.test(days) && Number(days) >= LEAST_DEDUPE_DAYS && Number(days) <= MOST_DEDUPE_DAYS;
  if (!isDays)
    problems.push(
      `MILLRACE_DEDUPE_DAYS must be a whole number from ${LEAST_DEDUPE_DAYS} to ${MOST_DEDUPE_DAYS}, not "${days}"`,
    );

  const [deadLetterQueueUrl = ''] = urls('MILLRACE_DEAD_LETTER_QUEUE_URL');
  const config = {
    tableName: text('MILLRACE_TABLE'),
    circuitsTableName: text('MILLRACE_CIRCUITS_TABLE'),
    bucketName: text('MILLRACE_BUCKET'),
    workQueueUrls: urls('MILLRACE_WORK_QUEUE_URLS'),
    deadLetterQueueUrl,
    dedupeDays: Number(days),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

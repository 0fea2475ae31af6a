import { ConfigError, type Environment, readLogLevel, readWholeNumber } from '@millrace/core';
import { DATASET_NAMES, isDatasetName } from './datasets/index.ts';
import type { RequestDefaults } from './function/checkpoint-request.ts';

export interface CheckpointConfig {
  readonly defaults: RequestDefaults;
  readonly logLevel: string;
  /** Of CloudWatch. */
  readonly metricsNamespace: string;
  /** What metrics and the log call the function. */
  readonly service: string;
  /** Objects that are read at once. */
  readonly concurrency: number;
}

const CONCURRENCY = { name: 'CHECKPOINT_CONCURRENCY', fallback: 128, least: 1, most: 1_024 };

/**
 * Reads the settings of the function.
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadConfig(env: Environment): CheckpointConfig {
  const problems: string[] = [];
  const dataset = env['CHECKPOINT_DATASET'] || 'visit-events';
  if (!isDatasetName(dataset)) {
    problems.push(`CHECKPOINT_DATASET must be ${DATASET_NAMES.join(' or ')}, not "${dataset}"`);
  }
  const config: CheckpointConfig = {
    defaults: Object.freeze({
      dataset,
      sourceBucket: env['SOURCE_BUCKET'] || undefined,
      prefix: env['SOURCE_PREFIX'] ?? '',
      checkpointBucket: env['CHECKPOINT_BUCKET'] || undefined,
      checkpointKey: env['CHECKPOINT_KEY'] || undefined,
    }),
    logLevel: readLogLevel({ MILLRACE_LOG_LEVEL: env['MILLRACE_LOG_LEVEL'] || env['LOG_LEVEL'] }, problems),
    metricsNamespace: env['MILLRACE_METRICS_NAMESPACE'] || 'Millrace',
    service: env['POWERTOOLS_SERVICE_NAME'] || 'checkpoint',
    concurrency: readWholeNumber(env[CONCURRENCY.name] || undefined, CONCURRENCY, problems),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import { loadConfig } from '../src/config.ts';

describe('the settings of the function', () => {
  test('have defaults, but for where the buckets are', () => {
    expect(loadConfig({})).toEqual({
      defaults: { dataset: 'visit-events', prefix: '' },
      ...{ logLevel: 'info', metricsNamespace: 'Millrace', service: 'checkpoint', concurrency: 128 },
    });
  });

  test('are taken as they are, an own log level before that of other functions', () => {
    const env = {
      ...{ CHECKPOINT_DATASET: 'deliveries', SOURCE_BUCKET: 'logs', SOURCE_PREFIX: 'attempts/' },
      ...{ CHECKPOINT_BUCKET: 'lake', CHECKPOINT_KEY: 'all.parquet', CHECKPOINT_CONCURRENCY: '7' },
      ...{ LOG_LEVEL: 'error', MILLRACE_LOG_LEVEL: 'debug' },
      ...{ MILLRACE_METRICS_NAMESPACE: 'Mine', POWERTOOLS_SERVICE_NAME: 'visits' },
    };
    expect(loadConfig(env)).toEqual({
      defaults: {
        ...{ dataset: 'deliveries', sourceBucket: 'logs', prefix: 'attempts/' },
        ...{ checkpointBucket: 'lake', checkpointKey: 'all.parquet' },
      },
      ...{ logLevel: 'debug', metricsNamespace: 'Mine', service: 'visits', concurrency: 7 },
    });
    expect(loadConfig({ LOG_LEVEL: 'error' })).toMatchObject({ logLevel: 'error' });
  });

  test.each(['0', '1025', '1.5', 'many'])('are refused all at once: %s objects at once', (concurrency) => {
    const env = { CHECKPOINT_DATASET: 'visits', LOG_LEVEL: 'loud', CHECKPOINT_CONCURRENCY: concurrency };
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(/CHECKPOINT_DATASET.*LOG_LEVEL.*CHECKPOINT_CONCURRENCY/s);
  });
});

import { describe, expect, test } from '@jest/globals';
import { checkpointPlace } from '../src/checkpoint-place.ts';
import { parseCheckpointRequest, type RequestDefaults } from '../src/function/checkpoint-request.ts';

const DEFAULTS: RequestDefaults = {
  ...{ dataset: 'visit-events', sourceBucket: 'logs', prefix: 'prod/' },
  ...{ checkpointBucket: 'lake', checkpointKey: undefined },
};

describe('a request', () => {
  test.each([[{}], [null], [undefined]])('may leave everything to the settings: %j', (event) => {
    expect(parseCheckpointRequest(event, DEFAULTS)).toMatchObject({
      dataset: { name: 'visit-events', template: 'visit-events/{study}/{datatype}/events.parquet' },
      ...{
        sourceBucket: 'logs',
        sourcePrefix: 'prod/',
        checkpointBucket: 'lake',
        checkpointPrefix: '',
        since: undefined,
      },
    });
  });

  test('says where the checkpoint is by the key of its file, or a template for several', () => {
    const one = parseCheckpointRequest({ checkpoint_key: 'sums/all.parquet' }, DEFAULTS);
    expect(one).toMatchObject({ checkpointPrefix: 'sums/', dataset: { template: 'all.parquet' } });
    const several = parseCheckpointRequest({ checkpoint_key_template: 'a/visit-events/{study}.parquet' }, DEFAULTS);
    expect(several).toMatchObject({ checkpointPrefix: 'a/', dataset: { template: 'visit-events/{study}.parquet' } });
  });

  test('has a time in any form of ISO 8601', () => {
    expect(parseCheckpointRequest({ since: '2026-11-22T11:00:00.000001+01:00' }, DEFAULTS)).toMatchObject({
      since: Date.UTC(2026, 10, 22, 10) * 1_000 + 1,
    });
  });

  test('is refused with every problem at once', () => {
    const event = {
      ...{ source_bucket: 7, checkpoint_key: 'a.parquet', checkpoint_key_template: '/{nothing}.csv' },
      ...{ since: 'yesterday', dataset: 'visits', sourcebucket: 'x' },
    };
    const problems = parseCheckpointRequest(event, { ...DEFAULTS, sourceBucket: undefined, checkpointBucket: '' });
    expect(problems).toEqual([
      expect.stringContaining('sourcebucket is not a field'),
      'source_bucket must be a text',
      'source_bucket is missing, and so is the setting SOURCE_BUCKET',
      'checkpoint_bucket is missing, and so is the setting CHECKPOINT_BUCKET',
      'dataset must be visit-events or deliveries, not "visits"',
      'checkpoint_key and checkpoint_key_template cannot both be given',
      expect.stringContaining('since must be an ISO 8601'),
    ]);
    expect(parseCheckpointRequest([], DEFAULTS)).toEqual(['the event must be a JSON object']);
    expect(parseCheckpointRequest({ checkpoint_key_template: '/{nothing}.csv' }, DEFAULTS)).toHaveLength(3);
  });
});

describe('the place of a checkpoint', () => {
  test.each([
    ['all.parquet', '', 'all.parquet'],
    ['visit-events/{study}/{datatype}/events.parquet', '', 'visit-events/{study}/{datatype}/events.parquet'],
    ['lake/visit-events/{study}/events.parquet', 'lake/', 'visit-events/{study}/events.parquet'],
    ['lake/{study}/events.parquet', 'lake/', '{study}/events.parquet'],
    ['a/b/s-{study}.parquet', 'a/b/', 's-{study}.parquet'],
    ['visit-events/all.parquet', '', 'visit-events/all.parquet'],
  ])('of %s is %j and %s below it', (key, prefix, template) => {
    expect(checkpointPlace(key, 'visit-events')).toEqual({ prefix, template });
  });
});

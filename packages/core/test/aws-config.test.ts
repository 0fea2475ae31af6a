import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadParts } from '@millrace/core';
import { loadAwsConfig } from '@millrace/core/aws';

const ENV = {
  MILLRACE_TABLE: 'messages',
  MILLRACE_CIRCUITS_TABLE: 'circuits',
  MILLRACE_BUCKET: 'payloads',
  MILLRACE_WORK_QUEUE_URLS: 'https://sqs.example/1/a,https://sqs.example/1/b',
  MILLRACE_DEAD_LETTER_QUEUE_URL: 'https://sqs.example/1/dead',
};

describe('the settings of a deployed system', () => {
  test('say where its parts are', () => {
    expect(loadAwsConfig(ENV)).toEqual({
      tableName: 'messages',
      circuitsTableName: 'circuits',
      bucketName: 'payloads',
      workQueueUrls: ['https://sqs.example/1/a', 'https://sqs.example/1/b'],
      deadLetterQueueUrl: 'https://sqs.example/1/dead',
      dedupeDays: 7,
    });
    expect(loadAwsConfig({ ...ENV, MILLRACE_DEDUPE_DAYS: '30' })).toMatchObject({ dedupeDays: 30 });
  });

  test('that are missing are all named at once', () => {
    expect(() => loadAwsConfig({ MILLRACE_TABLE: '', MILLRACE_DEDUPE_DAYS: '6' })).toThrow(
      new ConfigError([
        'MILLRACE_DEDUPE_DAYS must be a whole number from 7 to 365, not "6"',
        'MILLRACE_DEAD_LETTER_QUEUE_URL is not set',
        'MILLRACE_TABLE is not set',
        'MILLRACE_CIRCUITS_TABLE is not set',
        'MILLRACE_BUCKET is not set',
        'MILLRACE_WORK_QUEUE_URLS is not set',
      ]),
    );
  });

  test.each(['7.5', '366', 'week', '-7', '1e2'])('refuse %j days', (days) => {
    expect(() => loadAwsConfig({ ...ENV, MILLRACE_DEDUPE_DAYS: days })).toThrow(`not "${days}"`);
  });

  test('refuse what is not a URL', () => {
    const env = { ...ENV, MILLRACE_WORK_QUEUE_URLS: 'https://sqs.example/1/a,queue-b' };
    expect(() => loadAwsConfig(env)).toThrow('MILLRACE_WORK_QUEUE_URLS holds "queue-b", which is not a URL');
  });
});

describe('parts of a configuration', () => {
  const refusing =
    (...problems: string[]) =>
    (): never => {
      throw new ConfigError(problems);
    };

  test('are loaded under their names', () => {
    const parts = loadParts({ A: '1' }, { a: ({ A }) => Number(A), b: () => 'b' });
    expect(parts).toEqual({ a: 1, b: 'b' });
  });

  test('tell the problems of all of them', () => {
    expect(() => loadParts({}, { a: refusing('one', 'two'), b: () => 1, c: refusing('three') })).toThrow(
      new ConfigError(['one', 'two', 'three']),
    );
  });

  test('do not hide a defect', () => {
    const defect = (): never => {
      throw new TypeError('a defect');
    };
    expect(() => loadParts({}, { a: refusing('one'), b: defect })).toThrow(TypeError);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import fc from 'fast-check';
import { loadConfig } from '../src/config.ts';
import { loadLambdaConfig } from '../src/lambda-config.ts';

/** The problems that a configuration is refused for; none when it is taken. */
function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the configuration of the worker', () => {
  test('has defaults', () => {
    const defaults = { concurrency: 128, connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 };
    expect(loadConfig({})).toEqual(defaults);
    expect(loadConfig({ MILLRACE_CONCURRENCY: '', MILLRACE_CONNECT_TIMEOUT_MS: undefined, OTHER: 'x' })).toEqual(
      defaults,
    );
  });

  test('is what the environment says', () => {
    expect(
      loadConfig({
        MILLRACE_CONCURRENCY: '7',
        MILLRACE_CONNECT_TIMEOUT_MS: '60000',
        MILLRACE_REQUEST_TIMEOUT_MS: '1',
      }),
    ).toEqual({ concurrency: 7, connectTimeoutMs: 60_000, requestTimeoutMs: 1 });
  });

  test.each([
    ['MILLRACE_CONCURRENCY', 1, 10_000],
    ['MILLRACE_CONNECT_TIMEOUT_MS', 1, 60_000],
    ['MILLRACE_REQUEST_TIMEOUT_MS', 1, 900_000],
  ])('takes %s from %d to %d', (name, least, most) => {
    expect(problemsOf({ [name]: String(least) })).toEqual([]);
    expect(problemsOf({ [name]: String(most) })).toEqual([]);
    for (const beyond of [least - 1, most + 1]) {
      expect(problemsOf({ [name]: String(beyond) })).toEqual([
        `${name} must be a whole number from ${least} to ${most}, not "${beyond}"`,
      ]);
    }
  });

  test.each(['x', '1.5', '-1', '1e3', '0x10', ' 7', '7 ', '７', 'NaN', 'Infinity', '9'.repeat(400)])(
    'does not take %j for a number',
    (text) => {
      expect(problemsOf({ MILLRACE_CONCURRENCY: text })).toHaveLength(1);
    },
  );

  test('names every bad setting at once, and no good one', () => {
    const names = ['MILLRACE_CONCURRENCY', 'MILLRACE_CONNECT_TIMEOUT_MS', 'MILLRACE_REQUEST_TIMEOUT_MS'];
    fc.assert(
      fc.property(fc.subarray(names), (bad) => {
        const env = Object.fromEntries(names.map((name) => [name, bad.includes(name) ? '0' : '5']));
        expect(problemsOf(env).map((problem) => problem.split(' ')[0])).toEqual(bad);
      }),
      { numRuns: 100 },
    );
  });

  test('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });
});

describe('what the functions know of Lambda', () => {
  test('has defaults, and calls the instance what Lambda calls its log stream', () => {
    expect(loadLambdaConfig({ AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/22/[$LATEST]0123' })).toEqual({
      logLevel: 'info',
      metricsNamespace: 'Millrace',
      attemptLog: true,
      worker: '2026/11/22/[$LATEST]0123',
    });
  });

  test('comes from the environment, and every problem is told', () => {
    const env = { MILLRACE_METRICS_NAMESPACE: 'Mine', MILLRACE_ATTEMPT_LOG: 'off', MILLRACE_LOG_LEVEL: 'warn' };
    expect(loadLambdaConfig(env)).toMatchObject({ metricsNamespace: 'Mine', attemptLog: false, logLevel: 'warn' });
    expect(() => loadLambdaConfig({ MILLRACE_ATTEMPT_LOG: 'no', MILLRACE_LOG_LEVEL: 'loud' })).toThrow(
      /MILLRACE_LOG_LEVEL must be .*\nMILLRACE_ATTEMPT_LOG must be on or off, not "no"/,
    );
  });
});

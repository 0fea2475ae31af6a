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
    const defaults = {
      concurrency: 128,
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      allowedPrivateCidrs: [],
      circuitBreaker: true,
    };
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
        MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8, fd00::/8,',
        MILLRACE_CIRCUIT_BREAKER: 'off',
      }),
    ).toEqual({
      concurrency: 7,
      connectTimeoutMs: 60_000,
      requestTimeoutMs: 1,
      allowedPrivateCidrs: ['127.0.0.0/8', 'fd00::/8'],
      circuitBreaker: false,
    });
  });

  test.each(['true', 'OFF', '0'])('takes %j neither for on nor for off', (text) => {
    const problem = `MILLRACE_CIRCUIT_BREAKER must be on or off, not "${text}"`;
    expect(problemsOf({ MILLRACE_CIRCUIT_BREAKER: text })).toEqual([problem]);
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

  test.each([
    ['localhost', 'is not a range such as 10.0.0.0/8 or fd00::/8'],
    ['10.0.0.1', 'has no prefix length: write 10.0.0.1/32 for this one address'],
    ['10.0.0.1/8', 'has bits set behind its prefix: write 10.0.0.0/8 for the range, or 10.0.0.1/32 for the address'],
  ])('does not take %j for a range', (cidr, fault) => {
    const name = 'MILLRACE_ALLOWED_PRIVATE_CIDRS';
    expect(problemsOf({ [name]: `127.0.0.0/8,${cidr},::1/128,${cidr}` })).toEqual([
      `${name} holds "${cidr}", which ${fault}`,
      `${name} holds "${cidr}", which ${fault}`,
    ]);
  });

  test('names every bad setting at once, and no good one', () => {
    const good = {
      MILLRACE_CONCURRENCY: '5',
      MILLRACE_CONNECT_TIMEOUT_MS: '5',
      MILLRACE_REQUEST_TIMEOUT_MS: '5',
      MILLRACE_ALLOWED_PRIVATE_CIDRS: '::1/128',
    };
    fc.assert(
      fc.property(fc.subarray(Object.keys(good)), (bad) => {
        const env = { ...good, ...Object.fromEntries(bad.map((name) => [name, '0'])) };
        expect(problemsOf(env).map((problem) => problem.split(' ')[0])).toEqual(bad);
      }),
      { numRuns: 100 },
    );
  });

  test('is frozen', () => {
    const config = loadConfig({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.allowedPrivateCidrs)).toBe(true);
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

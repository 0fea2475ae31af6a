import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import fc from 'fast-check';
import { loadUpConfig, type UpFlags } from '../src/up/config.ts';

const NO_FLAGS: UpFlags = {};

function problemsOf(flags: UpFlags, env: Record<string, string> = {}): readonly string[] {
  try {
    loadUpConfig(flags, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings of up', () => {
  test('have defaults that are safe', () => {
    const config = loadUpConfig(NO_FLAGS, {});
    expect(config).toEqual({
      data: './millrace-data',
      host: '127.0.0.1',
      port: 8_080,
      delivery: true,
      dedupeDays: 7,
      shutdownMs: 30_000,
      attemptLog: true,
      attemptLogDays: 30,
      foldEveryMs: 60_000,
      readyMaxAgeMs: 300_000,
      lowDiskBytes: 8 * 1_024 * 1_024,
      logLevel: 'info',
      keyLimits: { rate: null, backlog: 1_000_000 },
      intake: { requests: 1_024, bodyBytes: 67_108_864, workBytes: 1_048_576 },
      api: { allowHttp: false, corsOrigins: [] },
      worker: {
        concurrency: 128,
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 30_000,
        allowedPrivateCidrs: [],
        circuitBreaker: true,
      },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('all come from the environment', () => {
    const env = {
      MILLRACE_DATA: '/data',
      MILLRACE_HOST: '::1',
      MILLRACE_PORT: '0',
      MILLRACE_DELIVERY: 'off',
      MILLRACE_MAX_DATABASE_MB: '2',
      MILLRACE_DEDUPE_DAYS: '8',
      MILLRACE_SHUTDOWN_SECONDS: '0',
      MILLRACE_LOG_LEVEL: 'silent',
      MILLRACE_KEY_RATE: '50',
      MILLRACE_KEY_BACKLOG: 'off',
      MILLRACE_MAX_REQUESTS: '8',
      MILLRACE_MAX_BODIES_MB: '1',
      MILLRACE_MAX_PARSING_KB: '2',
      MILLRACE_ALLOW_HTTP: 'true',
      MILLRACE_CORS_ORIGINS: 'https://app.example',
      MILLRACE_CONCURRENCY: '1',
      MILLRACE_CONNECT_TIMEOUT_MS: '2',
      MILLRACE_REQUEST_TIMEOUT_MS: '3',
      MILLRACE_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8,::1/128',
      MILLRACE_ATTEMPT_LOG: 'off',
      MILLRACE_ATTEMPT_LOG_DAYS: '1',
      MILLRACE_FOLD_EVERY: '5m',
      MILLRACE_READY_MAX_AGE_SECONDS: '60',
      MILLRACE_READY_MIN_DISK_MB: '0',
    };
    expect(loadUpConfig(NO_FLAGS, env)).toEqual({
      data: '/data',
      host: '::1',
      port: 0,
      delivery: false,
      maxBytes: 2_097_152,
      dedupeDays: 8,
      shutdownMs: 0,
      attemptLog: false,
      attemptLogDays: 1,
      foldEveryMs: 300_000,
      readyMaxAgeMs: 60_000,
      lowDiskBytes: 0,
      logLevel: 'silent',
      keyLimits: { rate: { perSecond: 50, burst: 100 }, backlog: null },
      intake: { requests: 8, bodyBytes: 1_048_576, workBytes: 2_048 },
      api: { allowHttp: true, corsOrigins: ['https://app.example'] },
      worker: {
        concurrency: 1,
        connectTimeoutMs: 2,
        requestTimeoutMs: 3,
        allowedPrivateCidrs: ['127.0.0.0/8', '::1/128'],
        circuitBreaker: true,
      },
    });
  });

  test('give a key without a rate of its own one that a batch fits into, or none', () => {
    const rateOf = (text: string) => loadUpConfig(NO_FLAGS, { MILLRACE_KEY_RATE: text }).keyLimits.rate;
    expect(rateOf('1')).toEqual({ perSecond: 1, burst: 100 });
    expect(rateOf('2000')).toEqual({ perSecond: 2_000, burst: 2_000 });
    expect(rateOf('off')).toBeNull();
  });

  test('fold attempts as often as they say, or not at all', () => {
    const everyOf = (flags: UpFlags, env: Record<string, string> = {}) => loadUpConfig(flags, env).foldEveryMs;
    expect(everyOf({ foldEvery: '1s' }, { MILLRACE_FOLD_EVERY: 'off' })).toBe(1_000);
    expect(everyOf({}, { MILLRACE_FOLD_EVERY: 'off' })).toBeNull();
    expect(everyOf({ foldEvery: '0' })).toBeNull();
    for (const foldEvery of ['60', '0s', '25h', 'never']) {
      expect(problemsOf({ foldEvery })).toEqual([
        `--fold-every must be a length of time such as 60s or 5m, at most 24h, or off; not "${foldEvery}"`,
      ]);
    }
  });

  test('on the command line stand above those in the environment', () => {
    const env = { MILLRACE_DATA: '/data', MILLRACE_HOST: '::1', MILLRACE_PORT: '1' };
    const flags = { data: '/mine', host: 'localhost', port: '2' };
    expect(loadUpConfig(flags, env)).toMatchObject({ data: '/mine', host: 'localhost', port: 2 });
  });

  test('count as not given when they are empty in the environment', () => {
    const names = [
      'DATA',
      'HOST',
      'PORT',
      'DELIVERY',
      'MAX_DATABASE_MB',
      'DEDUPE_DAYS',
      'SHUTDOWN_SECONDS',
      'LOG_LEVEL',
      'ATTEMPT_LOG',
      'ATTEMPT_LOG_DAYS',
      'READY_MAX_AGE_SECONDS',
      'READY_MIN_DISK_MB',
      'KEY_RATE',
      'KEY_BACKLOG',
      'MAX_REQUESTS',
      'MAX_BODIES_MB',
      'MAX_PARSING_KB',
    ];
    const env = Object.fromEntries(names.map((name) => [`MILLRACE_${name}`, '']));
    expect(loadUpConfig(NO_FLAGS, env)).toEqual(loadUpConfig(NO_FLAGS, {}));
  });

  test('are all looked at: every problem is told at once, in a line that names the setting', () => {
    const env = {
      MILLRACE_DELIVERY: 'yes',
      MILLRACE_MAX_DATABASE_MB: '0',
      MILLRACE_DEDUPE_DAYS: '6',
      MILLRACE_SHUTDOWN_SECONDS: '-1',
      MILLRACE_LOG_LEVEL: 'loud',
      MILLRACE_KEY_RATE: '0',
      MILLRACE_KEY_BACKLOG: 'none',
      MILLRACE_MAX_REQUESTS: '7',
      MILLRACE_MAX_BODIES_MB: 'off',
      MILLRACE_MAX_PARSING_KB: '0',
      MILLRACE_ALLOW_HTTP: '1',
      MILLRACE_CORS_ORIGINS: 'nowhere',
      MILLRACE_CONCURRENCY: 'many',
      MILLRACE_CONNECT_TIMEOUT_MS: '0',
      MILLRACE_REQUEST_TIMEOUT_MS: '1e3',
      MILLRACE_ALLOWED_PRIVATE_CIDRS: 'localhost',
      MILLRACE_ATTEMPT_LOG: 'no',
      MILLRACE_ATTEMPT_LOG_DAYS: '0',
      MILLRACE_READY_MAX_AGE_SECONDS: '0',
      MILLRACE_READY_MIN_DISK_MB: '-1',
    };
    const problems = problemsOf({ data: '', host: '', port: '65536' }, env);
    for (const name of ['--data', '--host', '--port', ...Object.keys(env)]) {
      expect(problems.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1);
    }
    expect(problems).toHaveLength(23);
  });

  test.each(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1'])('let it listen on %s', (host) => {
    expect(problemsOf({ host })).toEqual([]);
  });

  test('that are numbers are taken exactly when they are whole and within their bounds', () => {
    const bounds = {
      MILLRACE_PORT: [0, 65_535],
      MILLRACE_DEDUPE_DAYS: [7, 3_650],
      MILLRACE_SHUTDOWN_SECONDS: [0, 3_600],
    };
    const text = fc.oneof(
      fc.integer({ min: -10, max: 70_000 }).map(String),
      fc
        .constantFrom(...Object.values(bounds).flat())
        .chain((bound) => fc.constantFrom(bound - 1, bound, bound + 1).map(String)),
      fc.double().map(String),
      fc.constantFrom(' 10', '10 ', '+10', '0x10', '1_0', '１０', 'ten'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.entries(bounds)), text, ([name, [least = 0, most = 0]], value) => {
        const isFine = /^[0-9]+$/.test(value) && Number(value) >= least && Number(value) <= most;
        expect(problemsOf(NO_FLAGS, { [name]: value })).toHaveLength(isFine ? 0 : 1);
      }),
      { numRuns: 300 },
    );
  });
});

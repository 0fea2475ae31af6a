import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import { loadConfig } from '../src/index.ts';
import { loadLambdaConfig } from '../src/lambda-config.ts';

function problemsOf(env: Record<string, string>, load: (env: Record<string, string>) => unknown = loadConfig) {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  test('allows neither plain-http targets nor other origins by default, nor when a setting is empty', () => {
    const closed = { allowHttp: false, corsOrigins: [] };
    expect(loadConfig({})).toEqual(closed);
    expect(loadConfig({ MILLRACE_ALLOW_HTTP: '', MILLRACE_CORS_ORIGINS: '' })).toEqual(closed);
  });

  test('reads origins between commas, or * for all', () => {
    const corsOrigins = ['https://app.example', 'http://localhost:3000'];
    expect(loadConfig({ MILLRACE_CORS_ORIGINS: ' https://app.example, http://localhost:3000,' })).toMatchObject({
      corsOrigins,
    });
    expect(loadConfig({ MILLRACE_CORS_ORIGINS: '*' })).toMatchObject({ corsOrigins: '*' });
    expect(loadConfig({ MILLRACE_ALLOW_HTTP: 'true' })).toMatchObject({ allowHttp: true });
  });

  test('reads the public URL, without a slash at its end', () => {
    const publicUrlOf = (text: string) => loadConfig({ MILLRACE_PUBLIC_URL: text }).publicUrl;
    expect(publicUrlOf('https://millrace.example')).toBe('https://millrace.example');
    expect(publicUrlOf('http://10.0.0.7:8080/api/')).toBe('http://10.0.0.7:8080/api');
    for (const wrong of ['millrace.example', 'ftp://a/', 'https://u:p@a/', 'https://a/?b', 'https://a/#b']) {
      expect(problemsOf({ MILLRACE_PUBLIC_URL: wrong })).toEqual([expect.stringMatching(/^MILLRACE_PUBLIC_URL is "/)]);
    }
  });

  test('cannot be changed afterwards', () => {
    const config = loadConfig({ MILLRACE_CORS_ORIGINS: 'https://app.example' });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.corsOrigins)).toBe(true);
  });

  test('reports every problem at once, each with its setting', () => {
    const problems = problemsOf({
      MILLRACE_ALLOW_HTTP: 'yes',
      MILLRACE_CORS_ORIGINS: 'https://app.example/,app.example,https://APP.example,null,https://a.example,*',
    });
    expect(problems).toHaveLength(6);
    expect(problems[0]).toBe('MILLRACE_ALLOW_HTTP is "yes"; expected true or false');
    for (const problem of problems.slice(1)) expect(problem).toMatch(/^MILLRACE_CORS_ORIGINS holds ".+"; expected /);
  });
});

describe('loadLambdaConfig', () => {
  test('reads the parameter with the callers; the front door is closed by default', () => {
    expect(loadLambdaConfig({ MILLRACE_CALLERS_PARAMETER: '/dev/callers', MILLRACE_OPEN_FRONT_DOOR: '' })).toEqual({
      callersParameter: '/dev/callers',
      openFrontDoor: false,
      logLevel: 'info',
      metricsNamespace: 'Millrace',
    });
  });

  test('needs no parameter when the front door is open, and may have one', () => {
    const open = { MILLRACE_OPEN_FRONT_DOOR: 'true' };
    expect(loadLambdaConfig(open)).toMatchObject({ openFrontDoor: true, callersParameter: undefined });
    expect(loadLambdaConfig({ ...open, MILLRACE_CALLERS_PARAMETER: 'a' })).toMatchObject({ callersParameter: 'a' });
  });

  test('reports every problem at once, each with its setting', () => {
    const problems = problemsOf({ MILLRACE_OPEN_FRONT_DOOR: '1', MILLRACE_LOG_LEVEL: 'loud' }, loadLambdaConfig);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'MILLRACE_OPEN_FRONT_DOOR',
      'MILLRACE_CALLERS_PARAMETER',
      'MILLRACE_LOG_LEVEL',
    ]);
  });

  test('cannot be changed afterwards', () => {
    expect(Object.isFrozen(loadLambdaConfig({ MILLRACE_OPEN_FRONT_DOOR: 'true' }))).toBe(true);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@millrace/core';
import { loadConfig } from '../src/index.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
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

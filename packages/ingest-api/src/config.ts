/**
 * The settings of the HTTP API.
 */

import { ConfigError } from '@millrace/core';

export interface ApiConfig {
  /** Targets may be plain http. */
  readonly allowHttp: boolean;
  /** Origins whose pages may call the API, or all of them; none, and no answer carries a CORS header. */
  readonly corsOrigins: readonly string[] | '*';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from environment variables; one that is empty counts as not set.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadConfig(env: Environment): ApiConfig {
  const problems: string[] = [];
  const config = {
    allowHttp: readAllowHttp(env['MILLRACE_ALLOW_HTTP'] || 'false', problems),
    corsOrigins: readOrigins(env['MILLRACE_CORS_ORIGINS'] || '', problems),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

function readAllowHttp(text: string, problems: string[]): boolean {
  if (text !== 'true' && text !== 'false') {
    problems.push(`MILLRACE_ALLOW_HTTP is ${JSON.stringify(text)}; expected true or false`);
  }
  return text === 'true';
}

function readOrigins(text: string, problems: string[]): readonly string[] | '*' {
  if (text.trim() === '*') return '*';
  const origins = text.split(',').flatMap((part) => part.trim() || []);
  for (const origin of origins) {
    if (isOrigin(origin)) continue;
    const expected = 'origins such as https://app.example, separated by commas, or * alone';
    problems.push(`MILLRACE_CORS_ORIGINS holds ${JSON.stringify(origin)}; expected ${expected}`);
  }
  return Object.freeze(origins);
}

/** Is it what a browser sends as Origin: scheme, host and port, and nothing else? */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

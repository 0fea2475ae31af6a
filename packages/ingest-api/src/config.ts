/**
 * The settings of the HTTP API.
 */

import { ConfigError, type Environment } from '@millrace/core';

export interface ApiConfig {
  /** Targets may be plain http. */
  readonly allowHttp: boolean;
  /** Origins whose pages may call the API, or all of them; none, and no answer carries a CORS header. */
  readonly corsOrigins: readonly string[] | '*';
  /** The address that clients reach the API by, without a slash at its end; by default the one that they used. */
  readonly publicUrl?: string;
}

/**
 * Reads the settings from environment variables; one that is empty counts as not set.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadConfig(env: Environment): ApiConfig {
  const problems: string[] = [];
  const publicUrl = readPublicUrl(env['MILLRACE_PUBLIC_URL'] || undefined, problems);
  const config = {
    allowHttp: readSwitch('MILLRACE_ALLOW_HTTP', env, problems),
    corsOrigins: readOrigins(env['MILLRACE_CORS_ORIGINS'] || '', problems),
    ...(publicUrl === undefined ? {} : { publicUrl }),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** A setting that is true or false; false when it is not set. */
export function readSwitch(name: string, env: Environment, problems: string[]): boolean {
  const text = env[name] || 'false';
  if (text !== 'true' && text !== 'false') problems.push(`${name} is ${JSON.stringify(text)}; expected true or false`);
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

function readPublicUrl(text: string | undefined, problems: string[]): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  problems.push(`MILLRACE_PUBLIC_URL is ${JSON.stringify(text)}; expected a URL such as https://millrace.example`);
  return undefined;
}

import { ConfigError } from '@millrace/core';

export interface WorkerConfig {
  /** Requests under way at once; some more to targets that have only a few (`delivery-limits.ts`). */
  readonly concurrency: number;
  readonly connectTimeoutMs: number;
  /** For the whole exchange, reading the answer included; each MB of body adds `PER_MEGABYTE_MS`. */
  readonly requestTimeoutMs: number;
}

/** Each setting: its default and its bounds. */
const SETTINGS = {
  MILLRACE_CONCURRENCY: { fallback: 128, least: 1, most: 10_000 },
  MILLRACE_CONNECT_TIMEOUT_MS: { fallback: 5_000, least: 1, most: 60_000 },
  MILLRACE_REQUEST_TIMEOUT_MS: { fallback: 30_000, least: 1, most: 900_000 },
} as const;

/**
 * Reads the worker's settings.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const problems: string[] = [];
  const read = (name: keyof typeof SETTINGS): number => {
    const { fallback, least, most } = SETTINGS[name];
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    problems.push(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
    return fallback;
  };
  const config: WorkerConfig = {
    concurrency: read('MILLRACE_CONCURRENCY'),
    connectTimeoutMs: read('MILLRACE_CONNECT_TIMEOUT_MS'),
    requestTimeoutMs: read('MILLRACE_REQUEST_TIMEOUT_MS'),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

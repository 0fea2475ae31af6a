import { ConfigError, cidrFault, readOnOff, readWholeNumber } from '@millrace/core';

export interface WorkerConfig {
  /** Requests under way at once; some more to targets that have only a few (`delivery-limits.ts`). */
  readonly concurrency: number;
  readonly connectTimeoutMs: number;
  /** For the whole exchange, reading the answer included; each MB of body adds `PER_MEGABYTE_MS`. */
  readonly requestTimeoutMs: number;
  /** Ranges of addresses that targets may have although they are not of the internet. */
  readonly allowedPrivateCidrs: readonly string[];
  /** False: targets that fail are not left alone. Holds stay in force. */
  readonly circuitBreaker: boolean;
}

export const ALLOWED_CIDRS_SETTING = 'MILLRACE_ALLOWED_PRIVATE_CIDRS';

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
  const read = (name: keyof typeof SETTINGS): number =>
    readWholeNumber(env[name] || undefined, { name, ...SETTINGS[name] }, problems);
  const config: WorkerConfig = {
    concurrency: read('MILLRACE_CONCURRENCY'),
    connectTimeoutMs: read('MILLRACE_CONNECT_TIMEOUT_MS'),
    requestTimeoutMs: read('MILLRACE_REQUEST_TIMEOUT_MS'),
    allowedPrivateCidrs: readCidrs(env[ALLOWED_CIDRS_SETTING] ?? '', problems),
    circuitBreaker: readOnOff(env, 'MILLRACE_CIRCUIT_BREAKER', 'on', problems),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

function readCidrs(text: string, problems: string[]): readonly string[] {
  const cidrs = text.split(',').flatMap((part) => part.trim() || []);
  for (const cidr of cidrs) {
    const fault = cidrFault(cidr);
    if (fault !== undefined) problems.push(`${ALLOWED_CIDRS_SETTING} holds ${JSON.stringify(cidr)}, which ${fault}`);
  }
  return Object.freeze(cidrs);
}

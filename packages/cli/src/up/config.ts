/**
 * The settings of `millrace up`: flags over environment over defaults, every problem reported at once.
 */

import { ConfigError, type KeyLimits, LIMITS, loadParts, readWholeNumber } from '@millrace/core';
import { loadConfig as loadWorkerConfig, type WorkerConfig } from '@millrace/delivery-worker';
import { type ApiConfig, type IntakeLimits, loadConfig as loadApiConfig } from '@millrace/ingest-api';

import { durationOf } from '../durations.ts';

export interface UpConfig {
  /** The data folder. */
  readonly data: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** False: messages are accepted and wait. */
  readonly delivery: boolean;
  /** Bytes that the database may take; without it, what the disk has. */
  readonly maxBytes?: number;
  /** Days that a delivered message stays known. */
  readonly dedupeDays: number;
  /** Milliseconds that a shutdown waits for deliveries under way. */
  readonly shutdownMs: number;
  readonly logLevel: string;
  /** Are attempts written to the attempt log? */
  readonly attemptLog: boolean;
  /** Days that the attempt log is kept. */
  readonly attemptLogDays: number;
  /** Milliseconds between two runs that fold the attempt log into the checkpoint; null: it is not folded. */
  readonly foldEveryMs: number | null;
  /** Milliseconds that a message may be due before the system is not ready. */
  readonly readyMaxAgeMs: number;
  /** Bytes that must be left on the disk for the system to be ready. */
  readonly lowDiskBytes: number;
  /** Of keys that have none of their own. */
  readonly keyLimits: KeyLimits;
  readonly intake: IntakeLimits;
  readonly api: ApiConfig;
  readonly worker: WorkerConfig;
}

/** What the command line gives; undefined where a flag was not used. */
export interface UpFlags {
  readonly data?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly foldEvery?: string | undefined;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const LONGEST_INTERVAL_MS = 86_400_000;
const MEBIBYTE = 1_024 * 1_024;

/** @throws ConfigError naming every flag and setting that cannot be used */
export function loadUpConfig(flags: UpFlags, env: Readonly<Record<string, string | undefined>>): UpConfig {
  const problems: string[] = [];
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);

  const wholeNumber = (name: string, text: string | undefined, fallback: number, least: number, most: number) =>
    readWholeNumber(text, { name, fallback, least, most }, problems);
  const limit = (name: string, fallback: number | null): number | null => {
    const text = value(name);
    return text === 'off' ? null : text === undefined ? fallback : wholeNumber(name, text, 0, 1, 1_000_000_000);
  };
  const interval = (label: string, text: string): number | null => {
    if (text === 'off' || text === '0') return null;
    const ms = durationOf(text);
    if (ms !== undefined && ms > 0 && ms <= LONGEST_INTERVAL_MS) return ms;
    problems.push(`${label} must be a length of time such as 60s or 5m, at most 24h, or off; not "${text}"`);
    return null;
  };
  const oneOf = (label: string, text: string | undefined, choices: readonly string[], fallback: string) => {
    if (text === undefined || choices.includes(text)) return text ?? fallback;
    problems.push(`${label} must be one of ${choices.join(', ')}, not "${text}"`);
    return fallback;
  };
  const loadFunctions = () => {
    try {
      return loadParts(env, { api: loadApiConfig, worker: loadWorkerConfig });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };

  const host = flags.host ?? value('MILLRACE_HOST') ?? '127.0.0.1';
  if (host === '') problems.push('--host must be an address of this machine, such as 127.0.0.1');
  const data = flags.data ?? value('MILLRACE_DATA') ?? './millrace-data';
  if (data === '') problems.push('--data must name a folder');
  const maxMegabytes = wholeNumber('MILLRACE_MAX_DATABASE_MB', value('MILLRACE_MAX_DATABASE_MB'), 0, 1, 16_777_216);
  const settings = {
    data,
    host,
    port: wholeNumber('--port', flags.port ?? value('MILLRACE_PORT'), 8_080, 0, 65_535),
    delivery: oneOf('MILLRACE_DELIVERY', value('MILLRACE_DELIVERY'), ['on', 'off'], 'on') === 'on',
    ...(maxMegabytes === 0 ? {} : { maxBytes: maxMegabytes * MEBIBYTE }),
    dedupeDays: wholeNumber('MILLRACE_DEDUPE_DAYS', value('MILLRACE_DEDUPE_DAYS'), 7, 7, 3_650),
    shutdownMs: wholeNumber('MILLRACE_SHUTDOWN_SECONDS', value('MILLRACE_SHUTDOWN_SECONDS'), 30, 0, 3_600) * 1_000,
    attemptLog: oneOf('MILLRACE_ATTEMPT_LOG', value('MILLRACE_ATTEMPT_LOG'), ['on', 'off'], 'on') === 'on',
    attemptLogDays: wholeNumber('MILLRACE_ATTEMPT_LOG_DAYS', value('MILLRACE_ATTEMPT_LOG_DAYS'), 30, 1, 3_650),
    foldEveryMs: interval('--fold-every', flags.foldEvery ?? value('MILLRACE_FOLD_EVERY') ?? '60s'),
    readyMaxAgeMs:
      wholeNumber('MILLRACE_READY_MAX_AGE_SECONDS', value('MILLRACE_READY_MAX_AGE_SECONDS'), 300, 1, 604_800) * 1_000,
    lowDiskBytes:
      wholeNumber('MILLRACE_READY_MIN_DISK_MB', value('MILLRACE_READY_MIN_DISK_MB'), 8, 0, 1_048_576) * MEBIBYTE,
    logLevel: oneOf('MILLRACE_LOG_LEVEL', value('MILLRACE_LOG_LEVEL'), LOG_LEVELS, 'info'),
    keyLimits: {
      rate: rateLimit(limit('MILLRACE_KEY_RATE', null)),
      backlog: limit('MILLRACE_KEY_BACKLOG', 1_000_000),
    },
    intake: {
      requests: wholeNumber('MILLRACE_MAX_REQUESTS', value('MILLRACE_MAX_REQUESTS'), 1_024, 8, 65_536),
      bodyBytes: wholeNumber('MILLRACE_MAX_BODIES_MB', value('MILLRACE_MAX_BODIES_MB'), 64, 1, 65_536) * MEBIBYTE,
      workBytes: wholeNumber('MILLRACE_MAX_PARSING_KB', value('MILLRACE_MAX_PARSING_KB'), 1_024, 1, 65_536) * 1_024,
    },
  };
  const functions = loadFunctions();
  if (functions === undefined || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ ...settings, ...functions });
}

/** A whole batch fits into the burst, or it could never be let in. */
function rateLimit(perSecond: number | null): KeyLimits['rate'] {
  return perSecond === null ? null : { perSecond, burst: Math.max(LIMITS.batchSize, perSecond) };
}

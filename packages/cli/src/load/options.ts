/**
 * From flags and environment to a plan: every problem at once.
 */

import { ConfigError, canonicalUrl, LIMITS, parseInstant } from '@millrace/core';
import { DEFAULT_URL } from '../server-flags.ts';
import { ID_KINDS, type IdKind, type LoadPlan, type MessageTemplate } from './plan.ts';
import { NUMBER_DIGITS } from './request-bodies.ts';
import { openLoopInterval } from './schedule.ts';

/** The flags as they were given. */
export interface LoadFlags {
  readonly url?: string;
  readonly to?: string;
  readonly raw?: boolean;
  readonly rate?: string;
  readonly connections?: string;
  readonly for?: string;
  readonly count?: string;
  readonly batch?: string;
  readonly bodyBytes?: string;
  readonly sender?: string;
  readonly idPrefix?: string;
  readonly ids?: string;
  readonly timestamp?: string;
}

export const DEFAULTS = {
  url: DEFAULT_URL,
  /** Closed loop. */
  connections: 64,
  /** Open loop: requests that may wait for their answers at once. */
  openConnections: 512,
  for: '10s',
  batch: 1,
  bodyBytes: 1_000,
  sender: 'load',
  idPrefix: 'load-',
  ids: 'sequential',
} as const;

const MAX = { rate: 1_000_000, connections: 10_000, count: 1_000_000_000, forMs: 24 * 3_600_000 } as const;
const UUID_CHARACTERS = 36;

/**
 * @param nowMs epoch milliseconds: the timestamp of the messages when none is given
 * @throws ConfigError with every problem
 */
export function readLoadPlan(
  flags: LoadFlags,
  env: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): LoadPlan {
  const problems: string[] = [];
  const number = (flag: string, text: string | undefined, bounds: Bounds, missing: number): number => {
    if (text === undefined) return missing;
    const value = readNumber(text, bounds);
    if (value === undefined) problems.push(`${flag}: must be ${describeBounds(bounds)}, not "${text}"`);
    return value ?? missing;
  };

  const isRaw = flags.raw === true;
  if (isRaw === (flags.to !== undefined)) {
    problems.push('give either --to URL (the target of the messages) or --raw (post the bodies to --url directly)');
  }
  const base = flags.url ?? (env['MILLRACE_URL'] || DEFAULTS.url);
  const batch = number('--batch', flags.batch, { whole: true, min: 1, max: LIMITS.batchSize }, DEFAULTS.batch);
  if (isRaw && batch !== 1) problems.push('--batch: is for messages, it cannot be combined with --raw');
  const url = readUrl(base, isRaw, batch, problems);

  const rate = number('--rate', flags.rate, { whole: false, min: 0.001, max: MAX.rate }, 0);
  const isOpen = flags.rate !== undefined;
  const connections = number(
    '--connections',
    flags.connections,
    { whole: true, min: 1, max: MAX.connections },
    isOpen ? DEFAULTS.openConnections : DEFAULTS.connections,
  );
  const count = number('--count', flags.count, { whole: true, min: 1, max: MAX.count }, Infinity);
  const lasts = flags.for ?? (flags.count === undefined ? DEFAULTS.for : undefined);
  const durationMs = lasts === undefined ? Infinity : readDuration(lasts);
  if (durationMs === undefined || (durationMs > MAX.forMs && durationMs !== Infinity)) {
    problems.push(`--for: must be a time such as 500ms, 10s, 5m or 1h, at most 24h, not "${lasts}"`);
  }
  const bodyBytes = number(
    '--body-bytes',
    flags.bodyBytes,
    { whole: true, min: 0, max: Math.floor(LIMITS.requestBytes / 2) },
    DEFAULTS.bodyBytes,
  );
  if (bodyBytes * batch > LIMITS.requestBytes) {
    problems.push(
      `--body-bytes and --batch: ${bodyBytes * batch} bytes a request, the limit is ${LIMITS.requestBytes}`,
    );
  }
  const messages = isRaw ? undefined : readTemplate(flags, nowMs, problems);

  if (problems.length > 0 || url === undefined) throw new ConfigError(problems);
  return {
    schedule: {
      intervalMs: isOpen ? openLoopInterval(rate, batch) : 0,
      batch,
      count,
      durationMs: durationMs ?? Infinity,
    },
    url,
    messages,
    bodyBytes,
    connections,
    key: isRaw ? undefined : env['MILLRACE_KEY'] || undefined,
    firstNumber: 0,
  };
}

function readUrl(text: string, isRaw: boolean, batch: number, problems: string[]): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    problems.push(`--url: must be an http or https URL, not "${text}"`);
    return undefined;
  }
  return isRaw ? url : apiUrl(text, batch);
}

/** Where messages are posted. @param base the address of the API */
export function apiUrl(base: string, batch: number): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${batch === 1 ? 'message' : 'messages'}`;
  return url;
}

function readTemplate(flags: LoadFlags, nowMs: number, problems: string[]): MessageTemplate {
  const targetUrl = flags.to ?? '';
  if (flags.to !== undefined && !isTarget(flags.to)) {
    problems.push(`--to: must be an http or https URL without credentials, not "${flags.to}"`);
  }
  const ids = ID_KINDS.find((kind) => kind === (flags.ids ?? DEFAULTS.ids));
  if (ids === undefined) problems.push(`--ids: must be ${ID_KINDS.join(' or ')}, not "${flags.ids}"`);
  const senderId = flags.sender ?? DEFAULTS.sender;
  if (!isId(senderId, 1, LIMITS.idLength)) {
    problems.push(`--sender: must be 1 to ${LIMITS.idLength} printable ASCII characters without spaces`);
  }
  const idPrefix = flags.idPrefix ?? DEFAULTS.idPrefix;
  const longestPrefix = LIMITS.idLength - addedCharacters(ids ?? DEFAULTS.ids);
  if (!isId(idPrefix, 0, longestPrefix)) {
    problems.push(`--id-prefix: must be at most ${longestPrefix} printable ASCII characters without spaces`);
  }
  const timestamp = flags.timestamp ?? new Date(nowMs).toISOString();
  if (parseInstant(timestamp) === undefined) {
    problems.push(`--timestamp: must be an RFC 3339 time with an offset, not "${timestamp}"`);
  }
  return { senderId, targetUrl, timestamp, idPrefix, ids: ids ?? DEFAULTS.ids };
}

function isTarget(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(canonicalUrl(text));
  return ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
}

function addedCharacters(ids: IdKind): number {
  return ids === 'random' ? UUID_CHARACTERS : NUMBER_DIGITS;
}

function isId(text: string, min: number, max: number): boolean {
  return text.length >= min && text.length <= max && /^[!-~]*$/.test(text);
}

interface Bounds {
  readonly whole: boolean;
  readonly min: number;
  readonly max: number;
}

function readNumber(text: string, bounds: Bounds): number | undefined {
  const pattern = bounds.whole ? /^\d+$/ : /^\d+(\.\d+)?$/;
  const value = Number(text);
  return pattern.test(text) && value >= bounds.min && value <= bounds.max ? value : undefined;
}

function describeBounds({ whole, min, max }: Bounds): string {
  return `a ${whole ? 'whole number' : 'number'} from ${min} to ${max}`;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `10s`, `1.5m`, `1h`; undefined when it is none, or 0. */
function readDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}

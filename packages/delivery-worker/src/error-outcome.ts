/** Errors of an exchange as outcomes of the attempt. */

import type { AttemptOutcome } from '@millrace/core';
import { BlockedAddressError, NameError } from './guarded-connector.ts';

const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/** Sorts what undici and Node report: by code, never by the words of a message. */
export function errorOutcome(error: unknown): AttemptOutcome {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  if (error instanceof BlockedAddressError) return { kind: 'blocked', detail: toLine(message) };
  if (error instanceof NameError) return { kind: 'dns', detail: toLine(message) };
  if (code === 'payload-missing' || code === 'payload-unavailable') return { kind: code, detail: toLine(message) };
  const detail = toLine(message.includes(code) ? message : `${code} ${message}`);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { kind: 'timeout', detail };
  if (TLS_CODE.test(code)) return { kind: 'tls', detail };
  return { kind: 'connection', detail };
}

/** One line: line breaks, control characters and what was not UTF-8 would garble a terminal. */
export function toLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]+/gu, ' ').trim();
}

/** How long the parts of an exchange took, by a clock that is never set. */

export interface ExchangeTimings {
  /** Milliseconds until the request could be sent: a connection was made, or one came free. Null: it never could. */
  readonly connectMs: number | null;
  /** Milliseconds until the head of the answer came; null when none did. */
  readonly firstByteMs: number | null;
  /** Milliseconds until the exchange was over. */
  readonly totalMs: number;
  /** Bytes of the body that was sent. */
  readonly requestBytes: number;
  /** Bytes of the body of the answer, as far as it was read. */
  readonly responseBytes: number;
}

export type TimingsListener = (timings: ExchangeTimings) => void;

/** Begins to measure now. The last of several starts counts: what came before it was given up. */
export function startStopwatch(bodyBytes: number, now: () => number = () => performance.now()) {
  const startedAt = now();
  let connectMs: number | null = null;
  let firstByteMs: number | null = null;
  return {
    started(): void {
      connectMs = now() - startedAt;
    },
    answered(): void {
      firstByteMs = now() - startedAt;
    },
    read(responseBytes: number): ExchangeTimings {
      const requestBytes = connectMs === null ? 0 : bodyBytes;
      return { connectMs, firstByteMs, totalMs: now() - startedAt, requestBytes, responseBytes };
    },
  };
}

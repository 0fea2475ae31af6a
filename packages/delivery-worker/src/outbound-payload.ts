/**
 * A body that is in the payload store: the one way by which signing and sending get its bytes. Each opens it anew, under
 * the same ETag: what is sent is what was signed, or nothing is sent.
 */

import { Readable } from 'node:stream';
import {
  errorMessage,
  freeChunk,
  MillraceError,
  type OpenPayload,
  type PayloadRef,
  type PayloadStore,
} from '@millrace/core';

export interface OutboundPayload {
  /**
   * Calls back with every chunk, in order; it is freed when the callback returns.
   * @throws PayloadMissingError, PayloadUnavailableError
   */
  forEachChunk(use: (chunk: Uint8Array) => void): Promise<void>;
  /**
   * What undici sends: ends with PayloadUnavailableError when it cannot go on.
   * @throws PayloadMissingError, PayloadUnavailableError
   */
  open(): Promise<Readable>;
  /** Lets go of what is held, and of what is opened from now on. What is being read ends with PayloadUnavailableError. */
  close(): void;
}

/** A payload cannot be read now, or not to its end. */
export class PayloadUnavailableError extends MillraceError {
  constructor(cause: unknown) {
    super('payload-unavailable', errorMessage(cause), { cause, retryable: true });
  }
}

export function outboundPayload(payload: PayloadRef, payloads: Pick<PayloadStore, 'open'>): OutboundPayload {
  const held = new Set<OpenPayload>();
  let isClosed = false;

  async function openPayload(): Promise<OpenPayload> {
    let opened: OpenPayload;
    try {
      opened = await payloads.open(payload);
    } catch (error) {
      throw isMissing(error) ? error : new PayloadUnavailableError(error);
    }
    held.add(opened);
    if (!isClosed) return opened;
    letGo(opened);
    throw new PayloadUnavailableError(new Error('the exchange is over'));
  }

  /** Nobody waits for it, and a file or connection that cannot be closed says nothing about the exchange. */
  function letGo(opened: OpenPayload): void {
    held.delete(opened);
    opened.close().catch(() => undefined);
  }

  return {
    async forEachChunk(use) {
      const opened = await openPayload();
      try {
        for await (const chunk of opened.chunks) {
          use(chunk);
          freeChunk(chunk);
        }
      } catch (error) {
        throw new PayloadUnavailableError(error);
      } finally {
        letGo(opened);
      }
    },

    async open() {
      const opened = await openPayload();
      return toStream(opened, () => letGo(opened));
    },

    close() {
      isClosed = true;
      for (const opened of held) letGo(opened);
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'payload-missing';
}

/** Not `Readable.from`: destroying that waits for the chunk that is being read, which may never come. */
function toStream(opened: OpenPayload, letGo: () => void): Readable {
  const chunks = opened.chunks[Symbol.asyncIterator]();
  const stream = new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(new PayloadUnavailableError(error)),
      );
    },
    destroy(error, callback) {
      letGo();
      callback(error);
    },
  });
  // Who sends it listens as well, but not beyond the exchange: then an error is nobody's concern.
  return stream.on('error', () => undefined);
}

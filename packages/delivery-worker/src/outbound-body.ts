/**
 * The body of a request, wherever it is: the one way by which signing and sending get its bytes. Each opens it anew,
 * under the same ETag: what is sent is what was signed, or nothing is sent.
 */

import { Readable } from 'node:stream';
import { bodySize, type DeliveryRequest, MillraceError, type OpenPayload, type PayloadStore } from '@millrace/core';

export interface OutboundBody {
  /** Bytes. */
  readonly size: number;
  /**
   * Calls back with every chunk, in order.
   * @throws PayloadMissingError, PayloadUnavailableError
   */
  forEachChunk(use: (chunk: Uint8Array) => void): Promise<void>;
  /**
   * What undici sends; null when there is nothing. A stream ends with PayloadUnavailableError when it cannot go on, and
   * lets go of what it holds when it is destroyed.
   * @throws PayloadMissingError, PayloadUnavailableError
   */
  open(): Promise<Uint8Array | Readable | null>;
}

/** A payload cannot be read now, or not to its end. */
export class PayloadUnavailableError extends MillraceError {
  constructor(cause: unknown) {
    super('payload-unavailable', cause instanceof Error ? cause.message : String(cause), { cause, retryable: true });
  }
}

export function outboundBody(request: DeliveryRequest, payloads: Pick<PayloadStore, 'open'>): OutboundBody {
  const { body, payload } = request;
  const size = bodySize(request);
  if (payload === undefined) {
    return {
      size,
      forEachChunk(use) {
        use(body);
        return Promise.resolve();
      },
      open: () => Promise.resolve(size === 0 ? null : body),
    };
  }

  const openPayload = async (): Promise<OpenPayload> => {
    try {
      return await payloads.open(payload);
    } catch (error) {
      throw isMissing(error) ? error : new PayloadUnavailableError(error);
    }
  };
  return {
    size,
    async forEachChunk(use) {
      const opened = await openPayload();
      try {
        for await (const chunk of opened.chunks) use(chunk);
      } catch (error) {
        throw new PayloadUnavailableError(error);
      } finally {
        await opened.close();
      }
    },
    open: async () => toStream(await openPayload()),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'payload-missing';
}

/** Not `Readable.from`: destroying that waits for the chunk that is being read, which may never come. */
function toStream(opened: OpenPayload): Readable {
  const chunks = opened.chunks[Symbol.asyncIterator]();
  const stream = new Readable({
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(new PayloadUnavailableError(error)),
      );
    },
    destroy(error, callback) {
      opened.close().then(
        () => callback(error),
        (closing: Error) => callback(error ?? closing),
      );
    },
  });
  // Who sends it listens as well, but not beyond the exchange: then an error is nobody's concern.
  return stream.on('error', () => undefined);
}

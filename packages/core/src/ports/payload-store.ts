/**
 * Large bodies, kept by sender and content: what stands under a name never becomes another content.
 *
 * Promises are checked on every adapter by `describePayloadStore` in `@millrace/core/testing`:
 * - a payload is there whole, with the hash of its name, or not at all;
 * - of a sender's payloads nothing is to be seen under the name of another sender;
 * - what `hold` found and `put` stored stays for a day at least, and from then on for as long as a message that was
 *   accepted with it can still be sent or replayed. A body that nobody uses goes.
 *
 * Any call may throw `StoreUnavailableError` (repeat it later), or an error of the adapter that a person must mend.
 */

import type { PayloadName, PayloadRef, PayloadUpload, SignedUpload } from '../domain/payload.ts';
import { MillraceError } from '../errors.ts';

/** Where a client puts the bytes, and how: one PUT of them all, with these headers, before the time is over. */
export interface UploadTicket {
  /** Absolute, or relative to the address of the API. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface OpenPayload {
  /**
   * All bytes in order, once. Ends with an error when they cannot be read to their end; what came before it is not the
   * whole. Each chunk is its reader's own, who may free its memory.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lets go of what is held, at any time and any number of times. Chunks that were not read end with an error. */
  close(): Promise<void>;
}

export interface PayloadStore {
  /** Gives leave to upload. Only bytes of this size and hash are taken; afterwards `hold` finds them. */
  beginUpload(upload: PayloadUpload): Promise<UploadTicket>;

  /** Finds a payload that was put or uploaded, and keeps it from being removed for a day; undefined when there is none. */
  hold(name: PayloadName): Promise<PayloadRef | undefined>;

  /** Stores bytes durably, and keeps them from being removed for a day. */
  put(senderId: string, bytes: Uint8Array): Promise<PayloadRef>;

  /**
   * Opens the bytes of a payload, if they are the same still; any number of times.
   * @throws PayloadMissingError
   */
  open(ref: PayloadRef): Promise<OpenPayload>;
}

/** Takes uploads, where it is the program itself that `UploadTicket.url` leads to. */
export interface UploadReceiver {
  /**
   * Stores the bytes of an upload durably, whole and right, or nothing of them.
   *
   * @param chunks each is there until the next is asked for
   * @throws UploadRefusedError
   */
  receive(upload: SignedUpload, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** `forbidden`: nobody gave leave to it, or no longer. `mismatch`: fewer bytes, others, or a connection that broke off. */
export type UploadFault = 'forbidden' | 'too-large' | 'mismatch';

/** An upload of which nothing was kept. */
export class UploadRefusedError extends MillraceError {
  readonly fault: UploadFault;

  constructor(fault: UploadFault, message: string, options: ErrorOptions = {}) {
    super('upload-refused', message, options);
    this.fault = fault;
  }
}

/** A payload is not there, or not as it was when its message was accepted. */
export class PayloadMissingError extends MillraceError {
  /** @param problem in words that follow the key ("is gone") */
  constructor({ key }: PayloadRef, problem: string, options: ErrorOptions = {}) {
    super('payload-missing', `the payload ${key} ${problem}`, options);
  }
}

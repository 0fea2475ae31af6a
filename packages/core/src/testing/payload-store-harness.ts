import type { PayloadRef } from '../domain/payload.ts';
import type { PayloadStore, UploadTicket } from '../ports/payload-store.ts';

/** What the conformance suite needs of an adapter beside the port: clients that upload, and a hand in its storage. */
export interface PayloadStoreHarness {
  /** Of the process that runs now; `restart` replaces it. */
  readonly store: PayloadStore;
  /** PUTs bytes as the ticket says; true: they were taken. */
  upload(ticket: UploadTicket, chunks: readonly Uint8Array[]): Promise<boolean>;
  /** Puts other bytes in place of a payload's, behind the store's back; without any, takes it away. */
  tamper(ref: PayloadRef, bytes?: Uint8Array): Promise<void>;
  /** The process ends and another starts. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenPayloadStore = () => Promise<PayloadStoreHarness>;

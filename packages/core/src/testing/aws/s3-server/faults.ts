import type { S3Operation } from './operations.ts';

/** A request as a test sees it before it is done. */
export interface SeenS3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  /** How many requests of this operation there have been since the start or the last reset, this one included. */
  readonly number: number;
}

export type S3Fault =
  /** Refused with this error; nothing takes effect. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      /** Of the answer, beside its own. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends; nothing takes effect. */
  | { readonly kind: 'cut-before' }
  /** It takes effect, and the connection ends without an answer. */
  | { readonly kind: 'cut-after' }
  /** It takes effect, and the connection ends in the middle of the answer's body (before the answer, when it has none). */
  | { readonly kind: 'cut-within' }
  /** It is done so many milliseconds later. */
  | { readonly kind: 'delay'; readonly ms: number };

/** What happens to a request; a promise holds it back until it is settled. */
export type S3Hook = (request: SeenS3Request) => S3Fault | undefined | Promise<S3Fault | undefined>;

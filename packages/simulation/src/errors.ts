import { StoreUnavailableError } from '@millrace/core';

/** Errors that a caller must be ready for: the store cannot do it now, or nobody answers. */
export function isForeseen(error: unknown): boolean {
  const isFromNetwork =
    error instanceof Error && (error.message === 'no answer' || error.message === 'connection refused');
  return error instanceof StoreUnavailableError || isFromNetwork;
}

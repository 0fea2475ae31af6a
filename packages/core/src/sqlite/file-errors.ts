import { DataFolderError, MillraceError, type StoreUnavailableError } from '../errors.ts';
import { ObjectStoreUnavailableError } from '../ports/object-store.ts';

/** The disk or the process is at a limit, or the disk fails: it can pass. */
const MAY_PASS = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'ESTALE',
  'ETIMEDOUT',
]);

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as { code?: string }).code ?? '');
}

type Unavailable = typeof ObjectStoreUnavailableError | typeof StoreUnavailableError;

/**
 * Does something to an object of a folder, and says what its failure means.
 *
 * @param action in words that go before the key ("write")
 * @param unavailable the error of the port that says so
 * @throws that error when it can pass, else DataFolderError
 */
export async function explainingFiles<T>(
  action: string,
  what: string,
  work: () => Promise<T>,
  unavailable: Unavailable = ObjectStoreUnavailableError,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: string };
    if (error instanceof MillraceError || typeof code !== 'string') throw error;
    const text = `cannot ${action} ${what}: ${message}`;
    throw MAY_PASS.has(code) ? new unavailable(text, { cause: error }) : new DataFolderError(text, { cause: error });
  }
}

import { inspect, types } from 'node:util';

/** What a thrown value says, for people; never empty. */
export function errorText(error: unknown): string {
  // Not `instanceof Error`: that fails for errors of another realm, such as those of Node.js in a test.
  if (!types.isNativeError(error)) return typeof error === 'string' ? error : inspect(error);
  return error.message === '' ? error.name : error.message;
}

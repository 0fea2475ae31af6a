import { types } from 'node:util';
import { SqlError } from '../errors.ts';

/** DuckDB's own words. Its errors are made by native code, and may be of another realm. */
export function describeError(error: unknown): string {
  const message = types.isNativeError(error) ? error.message : String(error);
  return message.replace(/^Failed to (extract statements|prepare|execute prepared statement): /, '');
}

export function toSqlError(error: unknown): SqlError {
  return error instanceof SqlError ? error : new SqlError(describeError(error), { cause: error });
}

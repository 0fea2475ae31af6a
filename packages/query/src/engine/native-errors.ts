import { types } from 'node:util';
import { SqlError } from '../errors.ts';

/** DuckDB's own words. Its errors are made by native code, and may be of another realm. */
export function describeError(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}

export function toSqlError(error: unknown): SqlError {
  return error instanceof SqlError ? error : new SqlError(describeError(error), { cause: error });
}

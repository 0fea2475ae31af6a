/** Stops what a connection does when a signal is aborted. */

import type { DuckDBConnection } from '@duckdb/node-api';
import { toSqlError } from './native-errors.ts';

/** Between what it prepares and what it runs DuckDB forgets that it was interrupted. */
const AGAIN_MS = 20;

export interface Interrupter {
  /**
   * Runs a piece of work on the connection.
   *
   * @throws the reason of the signal; SqlError for what DuckDB throws
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  stop(): void;
}

export function createInterrupter(connection: DuckDBConnection, signal: AbortSignal): Interrupter {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    timer ??= setInterval(() => connection.interrupt(), AGAIN_MS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  return {
    async run(work) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        throw toSqlError(error);
      }
    },
    stop() {
      signal.removeEventListener('abort', interrupt);
      clearInterval(timer);
    },
  };
}

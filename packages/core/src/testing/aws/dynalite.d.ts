declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Milliseconds that a table stays in the state. */
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }

  /** DynamoDB in memory, behind a server that listens nowhere yet. */
  export default function dynalite(options?: DynaliteOptions): Server;
}

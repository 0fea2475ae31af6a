/**
 * Everything through which a command touches the world around it, so that commands run in a test as they run in a
 * terminal. Only main.ts builds it from the process.
 */

/** A place to write text to. */
export interface Output {
  write(text: string): unknown;
  /** True on a terminal: colours and progress bars are for people only. */
  readonly isTTY?: boolean | undefined;
  /** Characters a line of the terminal holds. */
  readonly columns?: number | undefined;
}

/** One that files can be sent through as well: `millrace query --format parquet … | cat`. */
interface ByteOutput extends Output {
  write(chunk: string | Uint8Array): unknown;
}

export interface Io {
  /** What was asked for, and nothing else. */
  readonly stdout: ByteOutput;
  /** Progress, logs and errors. */
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Epoch milliseconds. */
  now(): number;
  /** Aborted by SIGINT and SIGTERM, with an `Interrupt` as its reason. */
  readonly signal: AbortSignal;
}

/** Why `Io.signal` was aborted. */
export class Interrupt extends Error {
  /** `closed`: nobody reads standard output any more. */
  readonly by: 'SIGINT' | 'SIGTERM' | 'closed';

  constructor(by: 'SIGINT' | 'SIGTERM' | 'closed') {
    super(by === 'closed' ? 'standard output was closed' : 'interrupted');
    this.name = 'Interrupt';
    this.by = by;
  }
}

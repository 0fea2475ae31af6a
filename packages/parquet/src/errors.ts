/** Errors that callers tell apart. None of them goes away by calling again. */
class ParquetError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A value that its column cannot hold. */
export class InvalidValueError extends ParquetError {
  readonly column: string;
  /** In words that follow the column's name ("is null, but …"). */
  readonly reason: string;

  constructor(column: string, reason: string) {
    super('invalid-value', `${column} ${reason}`);
    this.column = column;
    this.reason = reason;
  }
}

/** The bytes are not a whole Parquet file: damaged, cut off, or never one. */
export class CorruptParquetError extends ParquetError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('corrupt-parquet', message, options);
  }
}

/** A Parquet file, but one that this package does not read or write: the message says what is in the way. */
export class UnsupportedParquetError extends ParquetError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('unsupported-parquet', message, options);
  }
}

/** The error of a file with words before it that say where: `row group 3`. Other errors stay as they are. */
export function placedError(place: string, error: unknown): unknown {
  if (error instanceof CorruptParquetError) {
    return new CorruptParquetError(`${place}: ${error.message}`, { cause: error });
  }
  if (error instanceof UnsupportedParquetError) {
    return new UnsupportedParquetError(`${place}: ${error.message}`, { cause: error });
  }
  return error;
}

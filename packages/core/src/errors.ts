/** Errors that callers tell apart: a code, a cause, and whether repeating the same call can help. */
export class MillraceError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ErrorOptions & { retryable?: boolean } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The words of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The store could not do it now (disk full, I/O error, closing). Nothing was acknowledged; repeat the call later. */
export class StoreUnavailableError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('store-unavailable', message, { ...options, retryable: true });
  }
}

/** A page cursor that this store did not hand out. */
export class InvalidCursorError extends MillraceError {
  constructor() {
    super('invalid-cursor', 'the cursor is not one that an earlier page returned');
  }
}

/** A question that this store cannot answer, whatever it holds. */
export class UnsupportedQueryError extends MillraceError {
  /** The part of the query that is wrong or missing. */
  readonly field: string;
  /** What it should be, in words that follow its name ("must be …"). */
  readonly expected: string;

  constructor(field: string, expected: string) {
    super('unsupported-query', `${field} must be ${expected}`);
    this.field = field;
    this.expected = expected;
  }
}

/** A data folder or its database cannot be used: what is wrong, where, and what to do. */
export class DataFolderError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('data-folder', message, options);
  }
}

/** Another process owns the data folder. */
export class FolderInUseError extends DataFolderError {}

/** Settings that cannot be used: every problem, each naming its setting. */
export class ConfigError extends MillraceError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('config', problems.join('\n'));
    this.problems = problems;
  }
}

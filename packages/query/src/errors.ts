import { MillraceError } from '@millrace/core';

/** What DuckDB says of a statement; several lines, with the place of the error marked under the text. */
export class SqlError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('sql', message, options);
  }
}

/** The folder or the files of a source cannot be queried: what is wrong, and where. */
export class QuerySourceError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('query-source', message, options);
  }
}

/** A result that cannot be drawn: which columns it would need. */
export class ChartError extends MillraceError {
  constructor(message: string) {
    super('chart', message);
  }
}

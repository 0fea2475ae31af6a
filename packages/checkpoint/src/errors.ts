import { MillraceError } from '@millrace/core';

/** What a run knows of itself cannot be read: never taken for "nothing there". */
export class CorruptStateError extends MillraceError {
  constructor(what: string, problem: string, options: ErrorOptions = {}) {
    super(
      'state-corrupt',
      `${what} ${problem}; \`millrace checkpoint rebuild\` makes it anew from the sources`,
      options,
    );
  }
}

/** There are files of the dataset, and nobody knows which objects they hold. */
export class StateMissingError extends MillraceError {
  constructor(file: string, stateKey: string) {
    super(
      'state-missing',
      `${file} exists, but ${stateKey} does not: which objects it holds is not known. ` +
        '`millrace checkpoint adopt` takes it as it is, `millrace checkpoint rebuild` makes it anew',
    );
  }
}

/** The checkpoint was made for something else than what is asked for. */
export class CheckpointMismatchError extends MillraceError {
  constructor(problem: string) {
    super('checkpoint-mismatch', problem);
  }
}

/** Another run holds the lease, and did not let go of it in the time that there was. */
export class LeaseHeldError extends MillraceError {
  constructor(owner: string, until: number) {
    super(
      'lease-held',
      `run ${owner} is at work on this checkpoint until ${new Date(until).toISOString()} at the latest; nothing is lost, try again then`,
      { retryable: true },
    );
  }
}

/** Another run took the work over: this one was too slow, and has changed nothing since. */
export class LeaseLostError extends MillraceError {
  constructor(runId: string) {
    super('lease-lost', `another run took over from ${runId}; what this one had not finished is done by that one`, {
      retryable: true,
    });
  }
}

/** The file of a group cannot be added to. It is left as it is. */
export class GroupFileError extends MillraceError {
  constructor(path: string, problem: string, options: ErrorOptions = {}) {
    super('group-file', `${path} ${problem}`, options);
  }
}

/** The rows of the dataset have no ids to delete them by. */
export class NoRowIdsError extends MillraceError {
  constructor(dataset: string) {
    super('no-row-ids', `rows of ${dataset} cannot be deleted: they have no ids`);
  }
}

/** No more rows can be deleted: every run holds the ids of all deleted rows in memory. */
export class TooManyTombstonesError extends MillraceError {
  constructor(key: string, maxBytes: number) {
    super('too-many-tombstones', `${key} would be larger than ${maxBytes} bytes: nothing was deleted`);
  }
}

/** There is nothing yet. */
export class CheckpointMissingError extends MillraceError {
  constructor(dataset: string, stateKey: string) {
    super(
      'checkpoint-missing',
      `there is no checkpoint of ${dataset} here: no ${stateKey}; \`millrace checkpoint run\` makes one`,
    );
  }
}

/** A rebuild was cut off while it put its files in place. */
export class RebuildUnfinishedError extends MillraceError {
  constructor(stateKey: string) {
    super(
      'rebuild-unfinished',
      `a rebuild was cut off while it put its files in place (${stateKey}); \`millrace checkpoint rebuild\` brings it to its end`,
    );
  }
}

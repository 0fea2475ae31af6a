/** How the program ends. Scripts rely on these codes. */

export const EXIT = {
  done: 0,
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Done in part; the output says what is left. */
  partial: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP =
  'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done in part, 130 interrupted, safely.';

/**
 * Thrown by a command to end the program with a code other than 0. The message is one line for people on standard
 * error; an empty one prints nothing, for commands that have said everything already.
 */
export class ExitError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message = '', options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'ExitError';
    this.exitCode = exitCode;
  }
}

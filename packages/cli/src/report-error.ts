/** The last word of a command that did not end well: what to print, and the exit code. */

import { types } from 'node:util';
import { ConfigError, MillraceError } from '@millrace/core';
import { CommanderError } from 'commander';
import { AccessError, ApiError, ForeignAnswerError, UnreachableError } from './client-errors.ts';
import { errorText } from './error-text.ts';
import { EXIT, type ExitCode, ExitError } from './exit.ts';
import { Interrupt } from './io.ts';
import { describeApiError } from './problem-text.ts';
import { cleanText } from './term/format.ts';

const EXPECTED = [AccessError, UnreachableError, ForeignAnswerError, MillraceError];

export interface Ending {
  readonly exitCode: ExitCode;
  /** For standard error; may be empty. */
  readonly lines: readonly string[];
}

/** Total: whatever was thrown has an ending. */
export function describeEnding(error: unknown): Ending {
  if (error instanceof Interrupt) {
    const isClosed = error.by === 'closed';
    return { exitCode: isClosed ? EXIT.done : EXIT.interrupted, lines: isClosed ? [] : ['millrace: interrupted'] };
  }
  if (error instanceof ExitError) return { exitCode: error.exitCode, lines: prefixed(error.message) };
  if (error instanceof CommanderError) return describeUsage(error);
  if (error instanceof ConfigError) return { exitCode: EXIT.usage, lines: error.problems.flatMap(prefixed) };
  if (error instanceof ApiError) {
    const [first = '', ...rest] = describeApiError(error);
    return { exitCode: EXIT.failed, lines: [...prefixed(first), ...rest] };
  }
  if (EXPECTED.some((type) => error instanceof type) && error instanceof Error)
    return { exitCode: EXIT.failed, lines: prefixed(error.message) };
  const text = types.isNativeError(error) && error.stack !== undefined ? error.stack : errorText(error);
  return { exitCode: EXIT.failed, lines: [`millrace: unexpected error: ${text}`] };
}

function prefixed(message: string): string[] {
  return message === '' ? [] : [`millrace: ${cleanText(message)}`];
}

const HELP_WAS_PRINTED = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** commander has printed help and version by itself, errors are left to us. */
function describeUsage(error: CommanderError): Ending {
  const exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (HELP_WAS_PRINTED.has(error.code)) return { exitCode, lines: [] };
  return { exitCode, lines: prefixed(error.message.replace(/^error: /, '')) };
}

import { describe, expect, test } from '@jest/globals';
import { ConfigError, DataFolderError } from '@millrace/core';
import fc from 'fast-check';
import { EXIT, ExitError } from '../src/exit.ts';
import { Interrupt } from '../src/io.ts';
import { describeEnding } from '../src/report-error.ts';

describe('the ending of a command', () => {
  test('names every setting that cannot be used, a line each', () => {
    const ending = describeEnding(new ConfigError(['--port must be a number', '--host must be an address']));
    const lines = ['millrace: --port must be a number', 'millrace: --host must be an address'];
    expect(ending).toEqual({ exitCode: 2, lines });
  });

  test('is one line for an error that was foreseen', () => {
    const ending = describeEnding(new DataFolderError('the folder /x is in use'));
    expect(ending).toEqual({ exitCode: 1, lines: ['millrace: the folder /x is in use'] });
  });

  test('is silent where everything was said', () => {
    expect(describeEnding(new ExitError(EXIT.partial))).toEqual({ exitCode: 3, lines: [] });
    expect(describeEnding(new Interrupt('closed'))).toEqual({ exitCode: 0, lines: [] });
  });

  test('shows where an error came from that nobody foresaw', () => {
    const { exitCode, lines } = describeEnding(new TypeError('x is not a function'));
    expect(exitCode).toBe(1);
    expect(lines.join('\n')).toMatch(/^millrace: unexpected error: TypeError: x is not a function\n {4}at /);
  });

  test('exists for anything that can be thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
        const { exitCode, lines } = describeEnding(thrown);
        expect({ exitCode, count: lines.length }).toEqual({ exitCode: 1, count: 1 });
      }),
    );
  });
});

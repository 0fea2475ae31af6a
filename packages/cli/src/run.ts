import { type Effects, systemEffects } from './effects.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { describeEnding } from './report-error.ts';

/**
 * Runs one command to its end.
 *
 * @param argv arguments after the name of the program
 * @returns the exit code; never throws
 */
export async function run(argv: readonly string[], io: Io, effects: Effects = systemEffects): Promise<ExitCode> {
  try {
    const program = await createProgram(argv, io, effects);
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    const { exitCode, lines } = describeEnding(error);
    for (const line of lines) io.stderr.write(`${line}\n`);
    return exitCode;
  }
}

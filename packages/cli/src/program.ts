import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { type Effects, systemEffects } from './effects.ts';
import { EXIT_CODES_HELP } from './exit.ts';
import type { Io } from './io.ts';
import { hasColours } from './term/style.ts';

const HELP = `
Examples:
  # Start a server in this folder, send it a message, look at what became of it
  millrace up
  millrace send --to https://test.example/hook --sender me --id order-42 --data '{"total":12.5}'
  millrace status order-42
  # What could not be delivered, and why; send it again
  millrace dead-letters
  millrace replay --target https://test.example/
  # A system on AWS: any of these commands, with the credentials of the AWS command line
  millrace stats --aws --env dev

Each command explains itself: millrace help send
The server's address comes from --url or MILLRACE_URL, the key from MILLRACE_KEY.
${EXIT_CODES_HELP}`;

type Register = (program: Command, io: Io, effects: Effects) => void;

/** In the order of the help. Loaded when they are needed: a server has no use for the modules of its clients. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  up: async () => (await import('./up/register-up.ts')).registerUp,
  send: async () => (await import('./commands/send.ts')).registerSend,
  status: async () => (await import('./commands/status.ts')).registerStatus,
  list: async () => (await import('./commands/list.ts')).registerList,
  'dead-letters': async () => (await import('./commands/dead-letters.ts')).registerDeadLetters,
  replay: async () => (await import('./commands/replay.ts')).registerReplay,
  secret: async () => (await import('./commands/secret.ts')).registerSecret,
  verify: async () => (await import('./commands/verify.ts')).registerVerify,
  targets: async () => (await import('./commands/targets.ts')).registerTargets,
  stats: async () => (await import('./commands/stats.ts')).registerStats,
  key: async () => (await import('./keys/register-key.ts')).registerKey,
  checkpoint: async () => (await import('./checkpoint/register-checkpoint.ts')).registerCheckpoint,
  query: async () => (await import('./query/register-query.ts')).registerQuery,
  load: async () => (await import('./load/register-load.ts')).registerLoad,
};

/**
 * The program, for these arguments: with the command that they begin with, or else with all. It throws where others
 * would exit: see `run`.
 */
export async function createProgram(
  argv: readonly string[],
  io: Io,
  effects: Effects = systemEffects,
): Promise<Command> {
  const program = createBareProgram(io);
  const named = COMMANDS[argv[0] ?? ''];
  for (const load of named === undefined ? Object.values(COMMANDS) : [named]) {
    const register = await load();
    register(program, io, effects);
  }
  return program;
}

/** Commands are added after this: they inherit where output goes and how errors end. */
function createBareProgram(io: Io): Command {
  return (
    new Command('millrace')
      .description('Accepts messages exactly once and delivers them over HTTP, with retries, dead letters and replay.')
      .version(readVersion(), '-V, --version', 'print the version')
      .addHelpText('after', HELP)
      // What follows the name of a command is that command's, also where one is under another.
      .enablePositionalOptions()
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        // The error is thrown as well, and printed once, by whoever catches it.
        outputError: () => undefined,
        getOutHelpWidth: () => io.stdout.columns ?? 80,
        getErrHelpWidth: () => io.stderr.columns ?? 80,
        getOutHasColors: () => hasColours(io.stdout, io.env),
        getErrHasColors: () => hasColours(io.stderr, io.env),
      })
  );
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
}

import { releaseStartupMemory } from '@millrace/core';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { loadUpConfig, type UpConfig, type UpFlags } from './config.ts';
import { createLogger } from './logger.ts';
import { startSystem } from './system.ts';

const HELP = `
Examples:
  # A server on port 8080 with its data in ./millrace-data
  millrace up

  # Any free port; the first line on standard output tells which
  millrace up --port 0 --json

Settings (environment):
  MILLRACE_ALLOW_HTTP=true           allow targets on plain http
  MILLRACE_CORS_ORIGINS=ORIGIN,…     let pages of these origins call the API (default: none)
  MILLRACE_CONCURRENCY=128           deliveries under way at once that all targets share
  MILLRACE_CONNECT_TIMEOUT_MS=5000   for connecting to a target
  MILLRACE_REQUEST_TIMEOUT_MS=30000  for a whole exchange with a target, plus 1 s for each MB of body
  MILLRACE_DELIVERY=on               off: accept messages, and let them wait
  MILLRACE_DEDUPE_DAYS=7             days that a delivered message stays known
  MILLRACE_MAX_DATABASE_MB           the most that the database may take (default: what the disk has)
  MILLRACE_SHUTDOWN_SECONDS=30       how long a shutdown waits for deliveries under way
  MILLRACE_LOG_LEVEL=info            trace, debug, info, warn, error or silent`;

/** `millrace up`: API and delivery in one process, until a signal ends it. */
export function registerUp(program: Command, io: Io): void {
  program
    .command('up')
    .description('Run the whole system in one process on a data folder.')
    .option('--data <dir>', 'data folder, made when it does not exist (default: ./millrace-data)')
    .option('--host <address>', 'loopback address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on; 0 takes any that is free (default: 8080)')
    .option('--json', 'print events as lines of JSON, the first of them {"event":"listening","url":…}')
    .addHelpText('after', HELP)
    .action((flags: UpFlags & { json?: true }) => up(flags, io, program.version() ?? ''));
}

async function up(flags: UpFlags & { json?: true }, io: Io, version: string): Promise<void> {
  const config = loadUpConfig(flags, io.env);
  const system = await startSystem(config, version, createLogger(config.logLevel, io.stderr));
  const say = flags.json === true ? sayJson(io) : sayText(io, config);

  releaseStartupMemory();
  say('listening', system.url);
  await aborted(io.signal);
  say('stopping', system.url);
  await system.stop();
  say('stopped', system.url);
}

type Say = (event: 'listening' | 'stopping' | 'stopped', url: string) => void;

function sayJson(io: Io): Say {
  return (event, url) => {
    io.stdout.write(`${JSON.stringify(event === 'listening' ? { event, url } : { event })}\n`);
  };
}

function sayText(io: Io, config: UpConfig): Say {
  return (event, url) => {
    switch (event) {
      case 'listening':
        io.stdout.write(`Millrace is listening on ${url}, with its data in ${config.data}. Ctrl-C stops it.\n`);
        io.stdout.write('It has no keys, so it serves this machine only.\n');
        if (!config.delivery) io.stdout.write('MILLRACE_DELIVERY is off: messages are accepted, and wait.\n');
        break;
      case 'stopping':
        io.stdout.write('Stopping: finishing what is under way …\n');
        break;
      case 'stopped':
        io.stdout.write('Stopped.\n');
        break;
    }
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

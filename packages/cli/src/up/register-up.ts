import { releaseStartupMemory } from '@millrace/core';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { loadUpConfig, type UpConfig, type UpFlags } from './config.ts';
import { createLogger } from './logger.ts';
import { type System, startSystem } from './system.ts';

const HELP = `
Examples:
  # A server on port 8080 with its data in ./millrace-data
  millrace up

  # Any free port; the first line on standard output tells which
  millrace up --port 0 --json

  # For other machines, once there is a key; put a proxy in front of it that speaks https
  millrace key create --data ./millrace-data --name operators --all-senders --scope send --scope read --scope operate
  millrace up --host 0.0.0.0

Keys: without any, whoever is on this machine may do anything, and nobody else. From the first one on every request
needs a key, but for /health, /health/ready and /openapi.json. See: millrace help key

Settings (environment):
  MILLRACE_ALLOW_HTTP=true           allow targets on plain http
  MILLRACE_ALLOWED_PRIVATE_CIDRS=RANGE,…
                                     allow targets at these addresses, such as 127.0.0.0/8,::1/128 for this machine
                                     (default: addresses of the internet alone)
  MILLRACE_PUBLIC_URL=URL            what upload URLs begin with (default: the address that a client used)
  MILLRACE_CORS_ORIGINS=ORIGIN,…     let pages of these origins call the API (default: none)
  MILLRACE_CONCURRENCY=128           deliveries under way at once that all targets share
  MILLRACE_CONNECT_TIMEOUT_MS=5000   for connecting to a target
  MILLRACE_REQUEST_TIMEOUT_MS=30000  for a whole exchange with a target, plus 1 s for each MB of body
  MILLRACE_CIRCUIT_BREAKER=on        off: targets that fail are not left alone for a while
  MILLRACE_DELIVERY=on               off: accept messages, and let them wait
  MILLRACE_DEDUPE_DAYS=7             days that a delivered message stays known
  MILLRACE_KEY_RATE=off              messages a second of each key that has no rate of its own
  MILLRACE_KEY_BACKLOG=1000000       waiting messages of the senders of a key without a limit of its own, or off
  MILLRACE_MAX_REQUESTS=1024         requests under way; beyond, and in an overload beyond a 16th, 503
  MILLRACE_MAX_BODIES_MB=64          bodies of all requests under way; beyond, 503
  MILLRACE_MAX_PARSING_KB=1024       bodies that are parsed and stored at once; others wait for their turn
  MILLRACE_MAX_DATABASE_MB           the most that the database may take (default: what the disk has)
  MILLRACE_ATTEMPT_LOG=on            off: attempts are not written to DIR/objects/attempts
  MILLRACE_ATTEMPT_LOG_DAYS=30       days that they are kept
  MILLRACE_FOLD_EVERY=60s            how often they are folded into DIR/checkpoints, for millrace query, or off
  MILLRACE_READY_MAX_AGE_SECONDS=300 a message that is due for longer makes /health/ready fail
  MILLRACE_READY_MIN_DISK_MB=8       less room on the disk makes it fail
  MILLRACE_SHUTDOWN_SECONDS=30       how long a shutdown waits for deliveries under way
  MILLRACE_LOG_LEVEL=info            trace, debug, info, warn, error or silent`;

/** `millrace up`: API and delivery in one process, until a signal ends it. */
export function registerUp(program: Command, io: Io): void {
  program
    .command('up')
    .description('Run the whole system in one process on a data folder.')
    .option('--data <dir>', 'data folder, made when it does not exist (default: ./millrace-data)')
    .option('--host <address>', 'address to listen on; others than loopback need keys (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on; 0 takes any that is free (default: 8080)')
    .option('--fold-every <duration>', 'how often attempts are folded into DIR/checkpoints, or off (default: 60s)')
    .option('--json', 'print events as lines of JSON, the first of them {"event":"listening","url":…}')
    .addHelpText('after', HELP)
    .action((flags: UpFlags & { json?: true }) => up(flags, io, program.version() ?? ''));
}

async function up(flags: UpFlags & { json?: true }, io: Io, version: string): Promise<void> {
  const config = loadUpConfig(flags, io.env);
  const system = await startSystem(config, version, createLogger(config.logLevel, io.stderr));
  const say = flags.json === true ? sayJson(io) : sayText(io, config, system);

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

function sayText(io: Io, config: UpConfig, { hasKeys }: System): Say {
  return (event, url) => {
    switch (event) {
      case 'listening':
        io.stdout.write(`Millrace is listening on ${url}, with its data in ${config.data}. Ctrl-C stops it.\n`);
        if (!hasKeys)
          io.stdout.write('It has no keys: it serves this machine only, and asks nobody there for a key.\n');
        if (config.worker.allowedPrivateCidrs.length > 0) io.stdout.write(allowedNote(config.worker));
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

function allowedNote({ allowedPrivateCidrs }: UpConfig['worker']): string {
  return `MILLRACE_ALLOWED_PRIVATE_CIDRS lets messages go to ${allowedPrivateCidrs.join(', ')} as well.\n`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

#!/usr/bin/env node
/** The program `millrace`: gives a command the process's streams, environment and signals. */

import { EXIT } from './exit.ts';
import { Interrupt } from './io.ts';
import { run } from './run.ts';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Who asks twice does not want to wait for a clean end.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Interrupt(name));
  });
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `millrace list | head`: the reader has seen enough.
    if (error.code === 'EPIPE') return controller.abort(new Interrupt('closed'));
    if (stream === process.stdout)
      process.stderr.write(`millrace: cannot write to standard output: ${error.message}\n`);
    process.exit(EXIT.failed);
  });
}

let usedStdin = false;
process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  get stdin() {
    usedStdin = true;
    return process.stdin;
  },
  env: process.env,
  now: () => Date.now(),
  signal: controller.signal,
});
// An open standard input would keep the process alive.
if (usedStdin) process.stdin.destroy();

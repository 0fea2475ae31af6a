import type { Command } from 'commander';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { addExamples, findApi, writeJson } from '../options.ts';
import { addServerOptions, readServer, type ServerFlags } from '../server-flags.ts';
import { createProgress } from '../term/progress.ts';
import { apiUrl, DEFAULTS, type LoadFlags, readLoadPlan } from './options.ts';
import type { LoadPlan } from './plan.ts';
import { exitCodeOf, formatProgress, formatReport, reportOf } from './report.ts';
import { type LoadDeps, type LoadResult, runLoad } from './run.ts';

const PROGRESS_MS = 250;

const NOTES = `
Latency is counted from the moment a request was due. With --connections alone (closed loop) that is when a
connection is free; with --rate (open loop) it is a fixed schedule, so that a server that stalls cannot hide what
would have waited. Timers wake on whole milliseconds: about one of the open loop's latency is the generator's own
("sent late").

The messages of a run share a timestamp, by default its start; repeat a run with its --timestamp to send duplicates.
Exits with 1 when no message was accepted, with 3 when some were not. An interrupted run prints what it has.`;

interface Flags extends LoadFlags, ServerFlags {
  readonly json?: boolean;
}

/** Adds the command `load`. */
export function registerLoad(program: Command, io: Io): void {
  const command = addServerOptions(program.command('load'))
    .summary('put load on a server and measure it')
    .description('Send messages, or plain requests, at a fixed rate or as fast as they are answered, and measure.')
    .option('--to <URL>', 'target of the messages')
    .option('--raw', 'post the bodies to --url itself, which may be any server')
    .option('--rate <N>', 'open loop: messages per second on a fixed schedule')
    .option(
      '--connections <N>',
      `requests at a time (default: ${DEFAULTS.connections}; with --rate ${DEFAULTS.openConnections})`,
    )
    .option('--for <TIME>', `how long: 500ms, 10s, 5m, 1h (default: ${DEFAULTS.for}, or until --count)`)
    .option('--count <N>', 'how many messages')
    .option('--batch <N>', `messages a request, up to 100 (default: ${DEFAULTS.batch})`)
    .option('--body-bytes <N>', `size of a message's body (default: ${DEFAULTS.bodyBytes})`)
    .option('--sender <S>', `sender of the messages (default: ${DEFAULTS.sender})`)
    .option('--id-prefix <TEXT>', `how message ids begin (default: ${DEFAULTS.idPrefix})`)
    .option('--ids <KIND>', `how they go on: sequential or random (default: ${DEFAULTS.ids})`)
    .option('--timestamp <T>', 'timestamp of the messages (default: the start of the run)')
    .option('--json', 'print JSON, and nothing else, to stdout')
    .addHelpText('after', NOTES)
    .action((flags: Flags) => loadCommand(flags, io));
  addExamples(command, [
    ['millrace load --to http://127.0.0.1:9000/hook --for 30s', 'As fast as the server accepts'],
    ['millrace load --to https://test.example/hook --rate 200 --for 1m --json', '200 messages a second, for a script'],
    ['millrace load --to http://127.0.0.1:9000/hook --batch 100 --count 100000', 'Fill a store'],
    ['millrace load --raw --url http://127.0.0.1:9000/hook', 'What the receiver does without Millrace'],
  ]);
}

/** @throws ExitError when not everything was accepted; ConfigError; AccessError; the reason of the signal */
export async function loadCommand(flags: Flags, io: Io): Promise<void> {
  const { plan, sign, advice } = await prepare(flags, io);
  const progress = createProgress(io.stderr, io.now);
  let timer: NodeJS.Timeout | undefined;
  const result = await runLoad(plan, {
    now: () => performance.now(),
    signal: io.signal,
    ...(sign === undefined ? {} : { sign }),
    onStart: (tally, elapsed) => {
      timer = setInterval(() => progress.show(() => formatProgress(tally, elapsed())), PROGRESS_MS);
    },
  });
  clearInterval(timer);
  progress.end();
  const report = reportOf(plan, result);
  if (flags.json === true) writeJson(io, report);
  else io.stdout.write(formatReport(report));
  if (result.interrupted) throw io.signal.reason;
  const exitCode = exitCodeOf(result);
  if (exitCode !== EXIT.done) throw new ExitError(exitCode, explain(result, plan.url, advice));
}

interface Run extends Pick<LoadDeps, 'sign'> {
  readonly plan: LoadPlan;
  /** What to look at when nothing answers. */
  readonly advice: string;
}

async function prepare(flags: Flags, io: Io): Promise<Run> {
  const { raw, aws } = flags;
  if (aws === true && raw === true) throw new ExitError(EXIT.usage, '--raw cannot be used with --aws');
  const plan = readLoadPlan(flags, io.env, io.now());
  const server = readServer(flags, io.env);
  if (server.kind === 'url') return { plan, advice: 'is the server running, and --url right?' };
  const { url, access } = await findApi(io, flags);
  return {
    plan: { ...plan, url: apiUrl(url, plan.schedule.batch), key: undefined },
    sign: access.headersFor,
    advice: access.advice.unreachable,
  };
}

function explain(result: LoadResult, url: URL, advice: string): string {
  return result.unreachable === undefined ? '' : `nothing answers at ${url.origin} (${result.unreachable}): ${advice}`;
}

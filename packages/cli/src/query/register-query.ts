import { type Command, InvalidArgumentError } from 'commander';
import type { Io } from '../io.ts';
import { addExamples, parseWholeNumber } from '../options.ts';
import { FORMATS, type Format, type QueryFlags } from './query-flags.ts';

const NOTES = `
Tables: visit_events, deliveries. Days and hours are those of UTC, and so is a time without an offset.
JSON: whole numbers beyond 2^53, and decimals of more than 15 digits, are strings; NaN and infinity as well.
CSV: NULL is an empty field, an empty text is "".
DuckDB runs the statement over the source's files and nothing else: no other file, no network, no extensions.

Objects of S3 are fetched once, and kept in MILLRACE_CACHE_DIR (default: millrace in XDG_CACHE_HOME, or ~/.cache).
The credentials are those of the AWS command line.`;

/** Adds the command `query`. */
export function registerQuery(program: Command, io: Io): void {
  const command = program
    .command('query [NAME|SQL]')
    .summary('ask questions of a checkpoint')
    .description(
      'Runs a named query, or SQL, over the Parquet files of a checkpoint. Without a name: lists the named queries. With -: reads SQL from standard input.',
    )
    .option('--source <S>', 'the checkpoint: a folder, or s3://bucket/prefix', './millrace-data/checkpoints')
    .option('--endpoint <URL>', 'with s3://: address of an emulator')
    .option('--param <NAME=VALUE>', 'parameter of a named query; repeat it for more', collect)
    .option('--describe', 'say what the named query does, its parameters, its SQL')
    .option('--format <F>', `${FORMATS.join(', ')} (default: table)`, parseFormat)
    .option('--json', 'as --format json')
    .option('--output <FILE>', 'write to this file')
    .option('--limit <N>', 'how many rows at most (default: 1000 of a table, 10000 of a chart)', (text) =>
      parseWholeNumber(text, 0),
    )
    .option('--memory <SIZE>', 'how much DuckDB may use, such as 2GB (default: half of what there is)', parseMemory)
    .option('--threads <N>', 'how many DuckDB may use (default: one for each processor)', (text) =>
      parseWholeNumber(text, 1),
    )
    .addHelpText('after', NOTES)
    .action(async (question: string | undefined, flags: QueryFlags) => {
      // DuckDB takes long to load, and help does without.
      const { runQuery } = await import('./run-query.ts');
      await runQuery(question, flags, io);
    });
  addExamples(command, [
    ['millrace query', 'What can be asked'],
    ['millrace query events-by-center --source s3://bucket/checkpoints', 'A named query'],
    ['millrace query delivery-latency --param from=24h --json', 'With a parameter, for a script'],
    ['millrace query completeness --format chart', 'Drawn in the terminal'],
    ['millrace query "SELECT ptid, count(*) FROM visit_events GROUP BY 1 ORDER BY 1" --format csv', 'Any question'],
    ['millrace query events --param adcid=3 --format parquet --output events.parquet', 'For another tool'],
  ]);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text.toLowerCase());
  if (format !== undefined) return format;
  throw new InvalidArgumentError(`It is one of ${FORMATS.join(', ')}.`);
}

function parseMemory(text: string): string {
  if (/^[1-9]\d{0,5}(\.\d+)?\s?[KMGT]i?B$/i.test(text)) return text;
  throw new InvalidArgumentError('Give a size such as 500MB or 2GB.');
}

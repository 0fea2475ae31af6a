import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChartError, loadPack, openEngine, QuerySourceError, SqlError } from '@millrace/query';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeJson } from '../options.ts';
import { cleanText } from '../term/format.ts';
import { type QueryFlags, type QueryPlan, readPlan } from './query-flags.ts';
import { describeQuery, queryAsJson, renderList } from './query-list.ts';
import { findFiles } from './query-source.ts';
import { findQuery, type Question, readQuestion } from './question.ts';
import { openResultTarget } from './result-target.ts';
import { writeResult } from './write-result.ts';

/**
 * Answers a question, or says what can be asked.
 *
 * @throws ExitError, ConfigError, QuerySourceError, errors of S3; the reason of the signal
 */
export async function runQuery(text: string | undefined, flags: QueryFlags, io: Io): Promise<void> {
  const pack = loadPack();
  if (text === undefined) {
    if (flags.describe === true) throw new ExitError(EXIT.usage, '--describe needs the name of a query');
    if (flags.json === true) return writeJson(io, pack.map(queryAsJson));
    io.stdout.write(renderList(io, pack));
    return;
  }
  if (flags.describe === true) {
    const query = findQuery(pack, text);
    if (flags.json === true) return writeJson(io, queryAsJson(query));
    io.stdout.write(describeQuery(io, query));
    return;
  }
  const plan = readPlan(flags, io);
  await answer(io, plan, await readQuestion(io, pack, text, flags.param ?? []));
}

async function answer(io: Io, plan: QueryPlan, question: Question): Promise<void> {
  const tables = await findFiles(io, plan.source, question.isAbout).catch((error: unknown) => {
    if (!(error instanceof QuerySourceError)) throw error;
    throw new ExitError(EXIT.failed, `${error.message}; --source names a checkpoint`, { cause: error });
  });
  const scratch = await mkdtemp(path.join(tmpdir(), 'millrace-query-'));
  try {
    const target = await openResultTarget(io, plan.output, scratch);
    try {
      const { memoryLimit, threads } = plan;
      const writable = [target.file];
      const engine = await openEngine({ tables, memoryLimit, threads, scratch, writable, signal: io.signal });
      try {
        await writeResult(io, plan, question, engine, target);
      } finally {
        engine.close();
      }
      await target.finish();
    } finally {
      await target.discard();
    }
  } catch (error) {
    throw explain(io, error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What DuckDB says has several lines, the last of which points at a place of the one before. */
function explain(io: Io, error: unknown): unknown {
  if (error instanceof ChartError) return new ExitError(EXIT.usage, error.message, { cause: error });
  if (!(error instanceof SqlError)) return error;
  // Cleaning trims: the bar keeps what a line begins with.
  const lines = error.message.split('\n').map((line) => cleanText(`|${line}`).slice(1));
  io.stderr.write(`millrace: ${lines.join('\n')}\n`);
  return new ExitError(EXIT.failed, '', { cause: error });
}

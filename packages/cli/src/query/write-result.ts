/** A result in the format that was asked for. */

import { arrowBytes, chartText, csvText, type Engine, firstRows, jsonText, type QueryResult } from '@millrace/query';
import type { Io } from '../io.ts';
import { cleanText, formatAmount } from '../term/format.ts';
import type { QueryPlan } from './query-flags.ts';
import type { Question } from './question.ts';
import { renderResultTable } from './result-table.ts';
import type { ResultTarget } from './result-target.ts';

const CHART_WIDTH = 80;

/** @throws SqlError, ChartError; ExitError when the target cannot be written; the reason of the signal */
export async function writeResult(
  io: Io,
  plan: QueryPlan,
  { statement, chart }: Question,
  engine: Engine,
  target: ResultTarget,
): Promise<void> {
  const { format, limit } = plan;
  if (format === 'parquet') return await engine.writeParquet(statement, target.file, limit);
  const sayMore = () => io.stderr.write(`millrace: only the first ${formatAmount(limit, 'row')}: see --limit\n`);
  const result = firstRows(await engine.query(statement, limit + 1), limit, sayMore);
  for await (const chunk of partsOf(io, plan, chart, result)) await target.write(chunk);
}

function partsOf(
  io: Io,
  { format, output }: QueryPlan,
  chart: Question['chart'],
  result: QueryResult,
): AsyncIterable<string | Uint8Array> {
  const width = io.stdout.isTTY === true && output === undefined ? io.stdout.columns : undefined;
  switch (format) {
    case 'json':
      return jsonText(result);
    case 'csv':
      return csvText(result);
    case 'arrow':
      return arrowBytes(result);
    case 'chart': {
      const columns = result.columns.length === 2 ? undefined : chart;
      return later(() => chartText(result, { width: width ?? CHART_WIDTH, clean: cleanText, columns }));
    }
    default:
      return later(() => renderResultTable(io, result, width));
  }
}

async function* later(text: () => Promise<string>): AsyncGenerator<string> {
  yield await text();
}

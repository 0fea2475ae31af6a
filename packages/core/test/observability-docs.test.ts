/** The tables of docs are those of the code. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { ATTEMPT_COLUMNS, LOG_EVENTS, METRICS, type MetricDefinition } from '@millrace/core';

/** Rows of all tables of a document, their cells trimmed. */
async function rowsOf(document: string): Promise<string[][]> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../../docs', document), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const isMetric = ([name = '']: readonly string[]): boolean => name.startsWith('`millrace_');

test('docs/observability.md names every metric with its kind, its labels and its help', async () => {
  const rows = (await rowsOf('observability.md')).filter(isMetric);
  expect(rows).toEqual(
    Object.values<MetricDefinition>(METRICS).map(({ name, kind, labels, help }) => [
      `\`${name}\``,
      kind,
      labels.join(', '),
      help,
    ]),
  );
});

test('docs/observability.md names every event of the log with its level and its words', async () => {
  const levels = ['debug', 'info', 'warn', 'error'];
  const rows = (await rowsOf('observability.md')).filter((row) => levels.includes(row[1] ?? ''));
  expect(rows).toEqual(Object.entries(LOG_EVENTS).map(([event, { level, text }]) => [`\`${event}\``, level, text]));
});

test('docs/delivery.md names every field of the attempt log, in its order', async () => {
  const rows = await rowsOf('delivery.md');
  const first = rows.findIndex(([fields]) => fields?.startsWith('`sender_id`'));
  const fields = rows
    .slice(first)
    .flatMap(([cell = '']) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, field]) => field));
  expect(fields.slice(0, ATTEMPT_COLUMNS.length)).toEqual([...ATTEMPT_COLUMNS]);
});

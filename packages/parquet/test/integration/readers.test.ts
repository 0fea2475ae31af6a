/** What three libraries in Python find in the files that this package makes, beside a plain recomputation. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PythonError } from '../../../../scripts/python-environment.ts';
import { type Filter, rightFindings, tellingFilters } from '../readers/filters.ts';
import { askPython, type FoundByPython, PYTHON_LIBRARIES, pythonWithParquet } from '../readers/python-readers.ts';
import { withRoundedStatistics } from '../readers/rounded-statistics.ts';
import { type SampleFile, sampleFiles } from '../readers/sample-files.ts';
import { timestampOf } from '../readers/visit-events.ts';

// The first time, pip downloads 150 MB.
jest.setTimeout(600_000);

const ROUNDED = 'with statistics cut to milliseconds';

interface Asked extends SampleFile {
  readonly path: string;
  readonly filters: readonly Filter[];
}

const python = await pythonWithParquet().catch((error: unknown) => {
  if (error instanceof PythonError) return error;
  throw error;
});

describe('Polars, PyArrow and DuckDB in Python', () => {
  if (python instanceof PythonError) {
    test('are not asked here: they need Python', () => {
      process.stderr.write(
        `readers.test.ts: NOT RUN: what Polars, PyArrow and DuckDB in Python find in our files: ${python.message}\n`,
      );
      expect(python.message).toMatch(/needs Python 3\.9 or newer/);
    });
    return;
  }

  let folder: string;
  let files: readonly Asked[];
  let found: FoundByPython;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-readers-'));
    files = await writeSamples(folder);
    found = await askPython(python, files);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(PYTHON_LIBRARIES)('%s finds every row of every file, by every filter', (library) => {
    for (const { name, path, rows, filters } of files.filter((file) => file.name !== ROUNDED)) {
      expect({ name, found: found[library][path] }).toEqual({ name, found: rightFindings(rows, filters) });
    }
  });

  test.each(PYTHON_LIBRARIES)('%s would have lost rows by statistics that are not exact', (library) => {
    const rounded = files.find(({ name }) => name === ROUNDED);
    expect(found[library][rounded?.path ?? '']).toMatchObject({
      rows: rounded?.rows.length,
      counts: { 'the newest microsecond': 0 },
    });
  });
});

async function writeSamples(folder: string): Promise<Asked[]> {
  const samples = await sampleFiles();
  const [sample] = samples;
  if (sample === undefined) throw new Error('there are no files');
  const newest = Math.max(...sample.rows.map(timestampOf));
  const rounded = { ...sample, name: ROUNDED, bytes: withRoundedStatistics(sample.bytes, newest) };
  const asked: Asked[] = [];
  for (const [index, file] of [...samples, rounded].entries()) {
    const path = join(folder, `${index}.parquet`);
    await writeFile(path, file.bytes);
    asked.push({ ...file, path, filters: tellingFilters(file.rows) });
  }
  return asked;
}

/** Polars, PyArrow and DuckDB in Python: what they find in files. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type PythonNeeds, pythonPrograms } from '../../../../scripts/python-environment.ts';
import { VISIT_SCHEMA } from '../../src/testing/visit-events.ts';
import type { Filter, Findings } from './filters.ts';
import { COLUMN_NAMES } from './visit-events.ts';

/** The newest of each that a Python can run. Fixtures are made with those of the newest Python. */
const PARQUET_LIBRARIES: PythonNeeds = {
  name: 'parquet-readers',
  reader: 'reading files by Polars, PyArrow and DuckDB',
  minimum: '3.9',
  requirements: [
    'polars==2.1.0; python_version >= "3.11"',
    'pyarrow==26.0.1; python_version >= "3.11"',
    'duckdb==2.0.1; python_version >= "3.11"',
    'polars==2.0.0; python_version == "3.10"',
    'pyarrow==25.0.1; python_version == "3.10"',
    'duckdb==1.5.6; python_version == "3.10"',
    'polars==1.36.1; python_version < "3.10"',
    'pyarrow==21.0.0; python_version < "3.10"',
    'duckdb==1.4.5; python_version < "3.10"',
  ],
};

/**
 * The Python to start, with the libraries.
 *
 * @throws PythonError
 */
export async function pythonWithParquet(): Promise<string> {
  return join(await pythonPrograms(PARQUET_LIBRARIES), 'python');
}

export interface Question {
  readonly path: string;
  readonly filters: readonly Filter[];
}

export const PYTHON_LIBRARIES = ['Polars', 'PyArrow', 'DuckDB'] as const;

/** By library and path; what a library could not tell is an error in words. */
export type FoundByPython = Readonly<
  Record<(typeof PYTHON_LIBRARIES)[number], Readonly<Record<string, Findings | { readonly error: string }>>>
>;

/** @param python from `pythonWithParquet` */
export async function askPython(python: string, questions: readonly Question[]): Promise<FoundByPython> {
  // Not -I: that would also forget the environment's folder.
  const child = spawn(python, ['-B', join(import.meta.dirname, 'readers.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ columns: COLUMN_NAMES, timestamp: VISIT_SCHEMA.orderBy, files: questions }));
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`the readers in Python ended with ${child.exitCode}`);
  return JSON.parse(output);
}

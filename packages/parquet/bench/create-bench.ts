import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PythonError } from '../../../scripts/python-environment.ts';
import type { Workbench } from '../../cli/bench/delivery/workbench.ts';
import { pythonWithParquet } from '../test/readers/python-readers.ts';
import type { ParquetBench, ParquetSizes } from './bench.ts';

export async function createParquetBench(
  workbench: Workbench,
  sizes: ParquetSizes,
  say: (text: string) => void,
): Promise<ParquetBench> {
  return {
    workbench,
    sizes,
    python: await pythonOrReason(say),
    async prepared(name, make) {
      const path = join(workbench.root, name);
      if (!existsSync(path)) await make(path);
      return path;
    },
    say,
  };
}

async function pythonOrReason(say: (text: string) => void): Promise<string | undefined> {
  try {
    return await pythonWithParquet();
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    say(`Polars and DuckDB are not measured: ${error.message}`);
    return undefined;
  }
}

/** Python with schemathesis. */

import { join } from 'node:path';
import { pythonPrograms } from '../../../scripts/python-environment.ts';

/**
 * The program to start.
 *
 * @throws PythonError
 */
export async function schemathesis(): Promise<string> {
  const programs = await pythonPrograms({
    name: 'schemathesis',
    reader: 'the fuzzer schemathesis',
    minimum: '3.10',
    requirements: ['schemathesis==4.32.5'],
  });
  return join(programs, 'schemathesis');
}

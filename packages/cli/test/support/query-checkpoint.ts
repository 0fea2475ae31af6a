/** A small checkpoint, written by the command itself, and a folder for what a test writes. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type CliOptions, type CliResult, runCli } from './run-cli.ts';

/** Three events of two visits; those of the second are of another file. */
const EVENTS = `
  SELECT action, 'adrc' AS study, CAST(adcid AS INTEGER) AS pipeline_adcid, 'ingest-form' AS project_label,
    'center ' || adcid AS center_label, 'gear' AS gear_name, '11000' || adcid AS ptid, '2026-01-30' AS visit_date,
    CAST(NULL AS VARCHAR) AS visit_number, 'form' AS datatype, 'UDS' AS module, CAST(NULL AS VARCHAR) AS packet,
    CAST(time AS TIMESTAMPTZ) AS "timestamp"
  FROM (VALUES ('submit', 1, '2026-01-31 10:00:00.000001+00'), ('pass-qc', 1, '2026-02-02 10:00:00+00'),
    ('submit', 2, '2026-02-01 10:00:00.5+00')) events(action, adcid, time)`;

const FILES = {
  'visit-events/adrc/form/events.parquet': `${EVENTS} WHERE adcid = 1`,
  'visit-events/dvcid/form/events.parquet': `${EVENTS} WHERE adcid = 2`,
};

export interface QueryCheckpoint {
  /** The checkpoint. */
  readonly source: string;
  /** For anything else. */
  readonly folder: string;
  /** `millrace query … --source` the checkpoint. */
  query(args: readonly string[], options?: CliOptions): Promise<CliResult>;
}

export function useQueryCheckpoint(): () => QueryCheckpoint {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'millrace-query-test-'));
    const empty = path.join(folder, 'empty');
    await mkdir(empty);
    for (const [name, sql] of Object.entries(FILES)) {
      const file = path.join(folder, 'checkpoint', name);
      await mkdir(path.dirname(file), { recursive: true });
      const { code, stderr } = await runCli(['query', sql, '--source', empty, '--format', 'parquet', '--output', file]);
      if (code !== 0) throw new Error(stderr);
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return () => {
    const source = path.join(folder, 'checkpoint');
    return {
      source,
      folder,
      query: (args, options) => runCli(['query', ...args, '--source', source, '--threads', '1'], options),
    };
  };
}

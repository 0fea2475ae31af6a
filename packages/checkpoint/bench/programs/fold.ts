/** One run of a checkpoint on S3, as the function makes it. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@millrace/core';
import { createFastS3Reader, createS3ObjectStore, createS3ObjectWriter } from '@millrace/core/aws';
import { program, stopwatch } from '../../../parquet/bench/programs/program.ts';
import { createDataset, runCheckpoint } from '../../src/index.ts';
import { clientOf, type S3Place, SOURCE, TARGET } from './place.ts';

interface Job extends S3Place {
  /** Of the one file; undefined: the dataset's own template. */
  readonly template?: string;
}

await program(async ({ template, ...place }: Job) => {
  const client = clientOf(place);
  const dataset = createDataset('visit-events');
  const target = {
    ...createS3ObjectStore({ client, bucket: TARGET }),
    ...createS3ObjectWriter({ client, bucket: TARGET }),
  };
  const elapsed = stopwatch();
  const source = createFastS3Reader({ client, bucket: SOURCE });
  const report = await runCheckpoint({
    ...{ dataset: template === undefined ? dataset : { ...dataset, template }, source, target },
    ...{ clock: systemClock, newRunId: randomUUID, wait: sleep, concurrency: 256 },
  });
  await source.close();
  const times = elapsed();
  client.destroy();
  if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures[0]));
  return { ...times, rows: report.totalEvents, folded: report.events.folded };
});

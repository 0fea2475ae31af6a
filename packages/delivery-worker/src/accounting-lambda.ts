/** Lambda on a schedule: looks at every message, and reports what does not add up and what does not move. */

import { loadParts } from '@millrace/core';
import { type AccountingReport, createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { destination, pino } from 'pino';
import { loadLambdaConfig } from './lambda-config.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
// At once: what is not written when the answer is given waits until the function is thawed, if it ever is.
const log = pino({ level: lambda.logLevel, base: null }, destination({ dest: 1, sync: true }));
const { accounting } = createAwsMessageStore(aws);

export async function handler(): Promise<AccountingReport> {
  const report = await accounting.run();
  const { overdueSamples, ...counts } = report;
  const isSound = report.missing === 0 && report.overdue === 0;
  log[isSound ? 'info' : 'error']({ ...counts, overdueSamples }, 'accounting');
  return report;
}

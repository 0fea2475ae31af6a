/** Lambda on a schedule: looks at every message, and reports what does not add up and what does not move. */

import { loadParts } from '@millrace/core';
import { type AccountingReport, createAwsMessageStore, loadAwsConfig } from '@millrace/core/aws';
import { createFunctionLog } from './function-log.ts';
import { loadLambdaConfig } from './lambda-config.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
const log = createFunctionLog(lambda.logLevel);
const { accounting } = createAwsMessageStore(aws);

export async function handler(): Promise<AccountingReport> {
  const report = await accounting.run();
  const { overdueSamples, ...counts } = report;
  const isSound = report.missing === 0 && report.overdue === 0;
  log[isSound ? 'info' : 'error']({ ...counts, overdueSamples }, 'accounting');
  return report;
}

/** Lambda on a schedule: looks at every message, and reports what does not add up and what does not move. */

import { loadParts } from '@millrace/core';
import {
  type AccountingReport,
  createAwsMessageStore,
  createEmfMetrics,
  flushing,
  loadAwsConfig,
} from '@millrace/core/aws';
import { observeAccounting } from './accounting-observer.ts';
import { createFunctionLog } from './function-log.ts';
import { loadLambdaConfig } from './lambda-config.ts';

const { aws, lambda } = loadParts(process.env, { aws: loadAwsConfig, lambda: loadLambdaConfig });
const metrics = createEmfMetrics({ namespace: lambda.metricsNamespace, service: 'accounting' });
const observe = observeAccounting(createFunctionLog(lambda.logLevel), metrics);
const { accounting } = createAwsMessageStore(aws);

export const handler = flushing(metrics, async (): Promise<AccountingReport> => {
  const report = await accounting.run();
  observe(report);
  return report;
});

import { ConfigError, type Environment, readLogLevel, readOnOff } from '@millrace/core';

export interface WorkerLambdaConfig {
  readonly logLevel: string;
  /** Of CloudWatch. */
  readonly metricsNamespace: string;
  /** Are attempts written to the attempt log? */
  readonly attemptLog: boolean;
  /** What the attempt log calls this instance of the function. */
  readonly worker: string;
}

/** What the functions of this package need to know of Lambda. @throws ConfigError */
export function loadLambdaConfig(env: Environment): WorkerLambdaConfig {
  const problems: string[] = [];
  const config = {
    logLevel: readLogLevel(env, problems),
    metricsNamespace: env['MILLRACE_METRICS_NAMESPACE'] || 'Millrace',
    attemptLog: readOnOff(env, 'MILLRACE_ATTEMPT_LOG', 'on', problems),
    worker: env['AWS_LAMBDA_LOG_STREAM_NAME'] || 'lambda',
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

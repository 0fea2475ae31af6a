import { ConfigError, type Environment, readLogLevel } from '@millrace/core';
import { readSwitch } from './config.ts';
import type { IamConfig } from './iam-callers.ts';

/** What the API as a Lambda function needs to know beside its own settings. */
export interface LambdaConfig extends IamConfig {
  readonly logLevel: string;
  /** Of CloudWatch. */
  readonly metricsNamespace: string;
}

/**
 * Reads the settings from environment variables; one that is empty counts as not set.
 *
 * @throws ConfigError naming every setting that cannot be used
 */
export function loadLambdaConfig(env: Environment): LambdaConfig {
  const problems: string[] = [];
  const openFrontDoor = readSwitch('MILLRACE_OPEN_FRONT_DOOR', env, problems);
  const callersParameter = env['MILLRACE_CALLERS_PARAMETER'] || undefined;
  if (callersParameter === undefined && !openFrontDoor) {
    problems.push('MILLRACE_CALLERS_PARAMETER is not set; expected the name of the SSM parameter with the callers');
  }
  const logLevel = readLogLevel(env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const metricsNamespace = env['MILLRACE_METRICS_NAMESPACE'] || 'Millrace';
  return Object.freeze({ callersParameter, openFrontDoor, logLevel, metricsNamespace });
}

import { ConfigError, type Environment, readLogLevel } from '@millrace/core';

/** What the functions of this package need to know of Lambda. @throws ConfigError */
export function loadLambdaConfig(env: Environment): { readonly logLevel: string } {
  const problems: string[] = [];
  const logLevel = readLogLevel(env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ logLevel });
}

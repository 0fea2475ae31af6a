import { ConfigError, type Environment } from '@millrace/core';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** What the functions of this package need to know of Lambda. @throws ConfigError */
export function loadLambdaConfig(env: Environment): { readonly logLevel: string } {
  const logLevel = env['MILLRACE_LOG_LEVEL'] || 'info';
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new ConfigError([`MILLRACE_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${logLevel}"`]);
  }
  return Object.freeze({ logLevel });
}

import type { Environment } from './load-parts.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** `MILLRACE_LOG_LEVEL` of a function; a level that there is not is added to the problems. */
export function readLogLevel(env: Environment, problems: string[]): string {
  const level = env['MILLRACE_LOG_LEVEL'] || 'info';
  if (!LOG_LEVELS.includes(level)) {
    problems.push(`MILLRACE_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${level}"`);
  }
  return level;
}

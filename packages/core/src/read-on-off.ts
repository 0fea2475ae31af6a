import type { Environment } from './load-parts.ts';

/** A setting that is `on` or `off`; another value is added to the problems. */
export function readOnOff(env: Environment, name: string, fallback: 'on' | 'off', problems: string[]): boolean {
  const value = env[name] || fallback;
  if (value !== 'on' && value !== 'off') problems.push(`${name} must be on or off, not "${value}"`);
  return value === 'on';
}

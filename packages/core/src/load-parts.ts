import { ConfigError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

type Loaders = Readonly<Record<string, (env: Environment) => unknown>>;

/**
 * Loads the parts of a configuration that each read settings of their own.
 *
 * @throws ConfigError with the problems of all parts
 */
export function loadParts<Parts extends Loaders>(
  env: Environment,
  parts: Parts,
): { readonly [Name in keyof Parts]: ReturnType<Parts[Name]> } {
  const problems: string[] = [];
  const loaded: Record<string, unknown> = {};
  for (const [name, load] of Object.entries(parts)) {
    try {
      loaded[name] = load(env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(loaded) as { readonly [Name in keyof Parts]: ReturnType<Parts[Name]> };
}

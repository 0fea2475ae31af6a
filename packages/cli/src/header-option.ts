import { InvalidArgumentError } from 'commander';

/** What `--header 'K: V'`, given any number of times, comes to. */
export type HeaderFlags = readonly (readonly [name: string, value: string])[];

/** @throws InvalidArgumentError */
export function collectHeader(text: string, earlier: HeaderFlags = []): HeaderFlags {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon)).trim();
  if (name === '') throw new InvalidArgumentError("Give it as 'name: value'.");
  const isRepeated = earlier.some(([other]) => other.toLowerCase() === name.toLowerCase());
  if (isRepeated) throw new InvalidArgumentError(`The header ${name} is given twice; join its values with a comma.`);
  return [...earlier, [name, text.slice(colon + 1).trim()]];
}

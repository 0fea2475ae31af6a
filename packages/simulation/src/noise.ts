/**
 * Chance, named: the nth question of a name has always the same answer under a seed, whatever else was asked. So a
 * history that loses one of its events stays like itself in all others, which is what makes shrinking find something.
 */

export interface Noise {
  /** Uniform in [0, 1). */
  fraction(name: string): number;
  /** A whole number from `least` to `most`, both included. */
  between(name: string, least: number, most: number): number;
  pick<T>(name: string, from: readonly [T, ...T[]]): T;
}

export function createNoise(seed: number): Noise {
  const asked = new Map<string, number>();

  function fraction(name: string): number {
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    return mix(mix(hash(name) ^ seed) ^ count) / 2 ** 32;
  }
  const between = (name: string, least: number, most: number): number =>
    least + Math.floor(fraction(name) * (most - least + 1));

  return { fraction, between, pick: (name, from) => from[between(name, 0, from.length - 1)] ?? from[0] };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value;
}

/** The finalizer of MurmurHash3: each bit of the input changes half of those of the output. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

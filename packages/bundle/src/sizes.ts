/** How large the zips are, and whether that is too large. */

import type { Input } from './inputs.ts';

export interface Size {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly raw: number;
  /** Bytes of the zip. */
  readonly zipped: number;
  /** Bytes that the zip may have. */
  readonly budget: number;
}

const LARGEST = 10;

/** One problem a zip that is over its budget, with its ten largest inputs. */
export function findOversize({ name, zipped, budget }: Size, inputs: readonly Input[]): readonly string[] {
  if (zipped <= budget) return [];
  const largest = inputs.slice(0, LARGEST).map(({ path, bytes }) => `  ${kilobytes(bytes)}  ${path}`);
  const much = `${kilobytes(zipped).trim()} of at most ${kilobytes(budget).trim()}`;
  return [[`${name} is too large: ${much}. Its largest inputs, before they are minified:`, ...largest].join('\n')];
}

/** A table for people. */
export function formatSizes(sizes: readonly Size[]): string {
  const width = Math.max(...sizes.map(({ name }) => name.length));
  const lines = sizes.map(({ name, raw, zipped, budget }) =>
    [name.padEnd(width), kilobytes(raw), kilobytes(zipped), kilobytes(budget)].join('  '),
  );
  const head = ['zip'.padEnd(width), 'raw', 'zipped', 'budget'].map((cell, i) =>
    i === 0 ? cell : cell.padStart(NUMBER),
  );
  return `${[head.join('  '), ...lines].join('\n')}\n`;
}

const NUMBER = 10;

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`.padStart(NUMBER);
}

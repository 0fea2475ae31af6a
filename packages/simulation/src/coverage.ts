/** How often things happened, so that one sees that a simulation is about something. */

export type Coverage = ReadonlyMap<string, number>;

export interface CoverageCounter {
  count(name: string, times?: number): void;
  counts(): Coverage;
}

export function createCoverage(): CoverageCounter {
  const counts = new Map<string, number>();
  return {
    count: (name, times = 1) => void counts.set(name, (counts.get(name) ?? 0) + times),
    counts: () => counts,
  };
}

export function addCoverage(sum: Map<string, number>, more: Coverage): void {
  for (const [name, times] of more) sum.set(name, (sum.get(name) ?? 0) + times);
}

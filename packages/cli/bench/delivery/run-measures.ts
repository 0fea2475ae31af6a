/** One measure after the other: what fails, and what disturbs them. */

import { watchForeignLoad } from './process-stats.ts';
import type { Row } from './report.ts';

export interface Measures {
  /** @throws when it could not be measured */
  measure(name: string): Promise<readonly Row[]> | readonly Row[];
  /** Ends what a measure may have left behind. */
  tidy(): void;
  /** Processes of the benchmark that run all the time: their work does not disturb it. */
  readonly running: readonly number[];
  /** For whoever watches. */
  say(text: string): void;
}

interface Outcome {
  readonly rows: readonly Row[];
  /** Names of measures. */
  readonly failed: readonly string[];
  /** What makes the numbers worse than they are, for people. */
  readonly disturbances: readonly string[];
}

/** A measure that fails does not take the others' results with it. */
export async function runMeasures(names: readonly string[], measures: Measures): Promise<Outcome> {
  const rows: Row[] = [];
  const disturbances: string[] = [];
  const failed: string[] = [];
  for (const name of names) {
    measures.say(`${name} …`);
    const foreignLoad = watchForeignLoad(measures.running);
    try {
      rows.push(...(await measures.measure(name)));
    } catch (error) {
      measures.say(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
      failed.push(name);
    } finally {
      measures.tidy();
    }
    disturbances.push(...describeDisturbance(name, foreignLoad()));
  }
  return { rows, failed, disturbances };
}

/** The kernel's own work for the disk and the network is not told apart from that of other processes. */
const UNDISTURBED = 0.1;

function describeDisturbance(name: string, foreign: number | undefined): string[] {
  if (foreign === undefined || foreign < UNDISTURBED) return [];
  return [`disturbed: other processes used ${Math.round(foreign * 100)} % of the machine during ${name}`];
}

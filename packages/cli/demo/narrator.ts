/** What the demo says, on a terminal or into a file. */

import { styleFor } from '../src/term/style.ts';
import { type Column, renderTable } from '../src/term/table.ts';

export interface Narrator {
  title(text: string): void;
  step(text: string): void;
  say(text: string): void;
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void;
  /** Prints a promise with whether it held. */
  promise(held: boolean, text: string): void;
  /** How many promises did not hold. */
  broken(): number;
}

export function createNarrator(stdout: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Narrator {
  const style = styleFor(stdout, env);
  const say = (text: string): void => void stdout.write(`${text}\n`);
  let steps = 0;
  let broken = 0;

  return {
    title: (text) => say(`\n${style('bold', text)}`),
    step(text) {
      steps++;
      say(`\n${style('cyan', `${steps}.`)} ${style('bold', text)}`);
    },
    say: (text) => say(`   ${text}`),
    table(columns, rows) {
      const lines = renderTable(columns, rows, {
        width: (stdout.columns ?? 100) - 3,
        paintTitle: (title) => style('dim', title),
      });
      for (const line of lines.trimEnd().split('\n')) say(`   ${line}`);
    },
    promise(held, text) {
      if (!held) broken++;
      say(`   ${held ? style('green', '✓') : style('red', '✗')} ${text}`);
    },
    broken: () => broken,
  };
}

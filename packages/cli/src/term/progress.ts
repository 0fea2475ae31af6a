/** A line on standard error that is rewritten in place while a person watches; silent anywhere else. */

import type { Output } from '../io.ts';
import { shortenEnd } from './format.ts';

const REDRAW_MS = 100;
const START_OF_CLEARED_LINE = '\r\u001b[K';

export interface Progress {
  /** Shows a new text, at most ten times a second. */
  show(text: () => string): void;
  /** Writes a line that stays, above the progress line. */
  log(line: string): void;
  /** Removes the progress line. */
  end(): void;
}

export function createProgress(output: Output, now: () => number): Progress {
  let drawn = false;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const clear = () => {
    if (drawn) output.write(START_OF_CLEARED_LINE);
    drawn = false;
    drawnAt = Number.NEGATIVE_INFINITY;
  };
  return {
    show(text) {
      if (output.isTTY !== true || now() - drawnAt < REDRAW_MS) return;
      // A line that wraps could not be cleared.
      output.write(START_OF_CLEARED_LINE + shortenEnd(text(), (output.columns ?? 80) - 1));
      drawn = true;
      drawnAt = now();
    },
    log(line) {
      clear();
      output.write(`${line}\n`);
    },
    end: clear,
  };
}

const BAR_WIDTH = 20;

/** `████████░░░░░░░░░░░░  42%` */
export function renderBar(fraction: number): string {
  const bounded = Math.min(1, Math.max(0, fraction));
  const full = Math.floor(bounded * BAR_WIDTH);
  const percent = `${Math.floor(bounded * 100)}%`.padStart(4);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${percent}`;
}

/** How far a run is, in a line. */

import type { RunProgress } from '@millrace/checkpoint';
import { formatAmount, formatCount } from '../term/format.ts';
import { type Progress, renderBar } from '../term/progress.ts';

export interface ShownRun {
  onListed(listed: number, progress: Progress): void;
  onProgress(now: RunProgress, progress: Progress): void;
}

type Phase = 'listing' | 'reading' | 'folding';

/** A run lists, reads and folds, and again as long as there is more. */
export function createRunProgress(): ShownRun {
  let listed = 0;
  let last: RunProgress = { listed: 0, found: 0, read: 0, folded: 0 };
  let phase: Phase | undefined;

  function show(next: Phase, progress: Progress): void {
    // The first line of a phase comes at once: in some phases it is the only one.
    if (next !== phase) progress.end();
    phase = next;
    progress.show(() => describe(next, listed, last));
  }

  return {
    onListed(count, progress) {
      listed = count;
      show('listing', progress);
    },
    onProgress(now, progress) {
      const hasRead = now.read > last.read;
      last = now;
      if (!hasRead) return show('listing', progress);
      return show(now.read === now.found ? 'folding' : 'reading', progress);
    },
  };
}

function describe(phase: Phase, listed: number, { found, read }: RunProgress): string {
  switch (phase) {
    case 'listing':
      return `listing: ${formatAmount(listed, 'object')}, ${formatCount(found - read)} new`;
    case 'reading':
      return `${renderBar(read / found)}  reading ${formatCount(read)} of ${formatAmount(found, 'object')}`;
    case 'folding':
      return `folding ${formatAmount(read, 'object')}`;
  }
}

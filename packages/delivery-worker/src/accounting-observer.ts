import {
  type Counts,
  type LogLines,
  listFields,
  type MessageView,
  type Metrics,
  messageFields,
  numberFields,
} from '@millrace/core';

/** What is told of a look at the books. */
interface Report extends Counts {
  readonly asOf: number;
  readonly missing: number;
  readonly overdue: number;
  readonly overdueSamples: readonly MessageView[];
}

/** Tells the log and the metrics what the accounting found: an error when messages are missing or do not move. */
export function observeAccounting(lines: LogLines, metrics: Metrics): (report: Report) => void {
  return ({ accepted, succeeded, failed, waiting, missing, overdue, asOf, overdueSamples }) => {
    metrics.set('backlog', waiting);
    metrics.set('booksDifference', missing);
    metrics.set('overdue', overdue);
    const isSound = missing === 0 && overdue === 0;
    lines.say(
      isSound ? 'accounting' : 'accounting.gap',
      numberFields({ accepted, succeeded, failed, waiting, missing, overdue, asOf }),
      listFields('overdueSamples', overdueSamples.map(messageFields)),
    );
  };
}

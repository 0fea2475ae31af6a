import { Histogram } from './histogram.ts';

/** What was said of messages that were not accepted. */
interface Refusal {
  messages: number;
  /** The first answer that said so, shortened; empty when there was none. */
  readonly example: string;
}

/** Counts of one run while it goes on. */
export class Tally {
  /** Requests that ended, with an answer or without. */
  requests = 0;
  messages = 0;
  accepted = 0;
  duplicates = 0;
  /** Requests that got an answer, whatever it said. */
  answered = 0;
  /** By HTTP status, result of an item, or code of a connection error. */
  readonly refusals = new Map<string, Refusal>();
  /** From when a request was due to its answer; requests without an answer have no latency. */
  readonly latency = new Histogram();
  /** From when a request was due to when it was sent: what the generator itself, or a lack of connections, adds. */
  readonly lateness = new Histogram();

  /** Messages that were refused or got no answer. */
  refused(): number {
    return this.messages - this.accepted - this.duplicates;
  }

  refuse(said: string, messages: number, example: string): void {
    const known = this.refusals.get(said);
    if (known === undefined) this.refusals.set(said, { messages, example: shorten(example) });
    else known.messages += messages;
  }
}

const EXAMPLE_CHARACTERS = 200;

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= EXAMPLE_CHARACTERS ? line : `${line.slice(0, EXAMPLE_CHARACTERS)}…`;
}

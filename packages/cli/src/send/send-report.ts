/** What became of the lines of a file: counted, told while it happens, summed up at the end. */

import type { Problem } from '../api-shapes.ts';
import type { Io } from '../io.ts';
import { describeProblem } from '../problem-text.ts';
import { cleanText, formatAmount, formatCount, formatDuration } from '../term/format.ts';
import { createProgress, renderBar } from '../term/progress.ts';
import { styleFor } from '../term/style.ts';
import type { Batch } from './batcher.ts';

export interface Tally {
  /** Lines that hold something. */
  readonly lines: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly conflicts: number;
  /** Read, and not stored for another reason than what they hold. */
  readonly notStored: number;
}

export interface SendReport {
  readonly tally: Tally;
  /** A line was read; blank ones do not count. */
  read(): void;
  /** Lines of the input were stored. */
  stored(kind: 'accepted' | 'duplicate'): void;
  /** A line cannot be stored because of what it holds. */
  refused(kind: 'invalid' | 'conflict', line: number, messageId: string | null, problems: readonly Problem[]): void;
  /** Lines were not stored, and may be when they are sent again. */
  notStored(lines: Batch, why: string): void;
  /** Nothing is stored at the moment, and is tried again. Told once until `answered`. */
  waiting(why: string): void;
  answered(): void;
  /** So many more bytes of the input are done with. */
  advance(bytes: number): void;
  /** @param complete the whole input was read */
  end(complete: boolean): void;
}

export interface SendReportOptions {
  readonly json: boolean;
  /** Bytes of the input; undefined when it is not known. */
  readonly totalBytes: number | undefined;
}

/** Problems go to stderr as they are met, and with `json` to stdout too: what is held does not grow with the file. */
export function createSendReport(io: Io, options: SendReportOptions): SendReport {
  const tally = { lines: 0, accepted: 0, duplicates: 0, invalid: 0, conflicts: 0, notStored: 0 };
  const progress = createProgress(io.stderr, io.now);
  const style = styleFor(io.stderr, io.env);
  const list = options.json ? createJsonList(io) : undefined;
  const startedAt = io.now();
  let doneBytes = 0;
  let isWaiting = false;

  const show = () => progress.show(() => describeProgress(tally, doneBytes, options.totalBytes, io.now() - startedAt));
  const log = (where: string, text: string) => progress.log(`${style('red', where)} ${text}`);

  return {
    tally,
    read() {
      tally.lines += 1;
    },
    stored(kind) {
      if (kind === 'accepted') tally.accepted += 1;
      else tally.duplicates += 1;
    },
    refused(kind, line, messageId, problems) {
      if (kind === 'invalid') tally.invalid += 1;
      else tally.conflicts += 1;
      const where = `line ${line}${messageId === null ? '' : ` (${cleanText(messageId)})`}:`;
      const texts = problems.map(describeProblem);
      if (texts.length === 0) texts.push(kind === 'conflict' ? CONFLICT : 'is not a valid message');
      for (const text of texts) log(where, text);
      list?.add({ line, messageId, result: kind, problems });
    },
    notStored(lines, why) {
      tally.notStored += lines.length;
      for (const range of rangesOf(lines)) log(`${range}:`, `not stored: ${why}`);
      for (const { number, messageId } of lines)
        list?.add({ line: number, messageId, result: 'unavailable', problems: [] });
    },
    waiting(why) {
      if (!isWaiting) progress.log(style('yellow', `trying again: ${why}`));
      isWaiting = true;
    },
    answered() {
      isWaiting = false;
    },
    advance(bytes) {
      doneBytes += bytes;
      show();
    },
    end(complete) {
      progress.end();
      if (list === undefined) io.stdout.write(`${describeTally(tally, io.now() - startedAt)}\n`);
      else list.end({ ...tally, complete });
    },
  };
}

const CONFLICT = 'conflict: a message with this identity and another content was accepted before';

/** `{"problems":[…],…}`, written item by item. */
function createJsonList(io: Io) {
  io.stdout.write('{"problems":[');
  let separator = '\n';
  return {
    add(item: object) {
      io.stdout.write(separator + JSON.stringify(item));
      separator = ',\n';
    },
    end(rest: object) {
      io.stdout.write(`],${JSON.stringify(rest).slice(1)}\n`);
    },
  };
}

/** `line 7`, `lines 10–19`: lines that follow each other are one range. */
function rangesOf(lines: Batch): string[] {
  const ranges: { first: number; last: number }[] = [];
  for (const { number } of lines) {
    const last = ranges.at(-1);
    if (last !== undefined && last.last + 1 === number) last.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges.map(({ first, last }) => (first === last ? `line ${first}` : `lines ${first}–${last}`));
}

function describeProgress(tally: Tally, doneBytes: number, totalBytes: number | undefined, elapsedMs: number): string {
  const bar = totalBytes === undefined || totalBytes === 0 ? '' : `${renderBar(doneBytes / totalBytes)}  `;
  const rate = elapsedMs > 0 ? `, ${formatCount(Math.round(storedOf(tally) / (elapsedMs / 1_000)))}/s` : '';
  return `${bar}${describeCounts(tally)}${rate}`;
}

function describeTally(tally: Tally, elapsedMs: number): string {
  return `${formatAmount(tally.lines, 'line')}: ${describeCounts(tally)}, in ${formatDuration(elapsedMs)}`;
}

function describeCounts(tally: Tally): string {
  const rest: (readonly [number, string])[] = [
    [tally.invalid, 'invalid'],
    [tally.conflicts, tally.conflicts === 1 ? 'conflict' : 'conflicts'],
    [tally.notStored, 'not stored'],
  ];
  const texts = rest.filter(([count]) => count > 0).map(([count, name]) => `, ${formatCount(count)} ${name}`);
  return `${formatCount(tally.accepted)} accepted, ${formatAmount(tally.duplicates, 'duplicate')}${texts.join('')}`;
}

/** Lines that the server has, from this run or an earlier one. */
export function storedOf(tally: Tally): number {
  return tally.accepted + tally.duplicates;
}

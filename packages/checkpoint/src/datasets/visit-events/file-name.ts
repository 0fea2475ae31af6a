/**
 * Names of the objects that hold visit events:
 *
 *     log-{action}-{YYYYMMDD-HHMMSS}-{adcid}-{project}-{ptid}-{visit number or date}.json
 *     log-{action}-{YYYYMMDD}.json                                                          the older form
 *
 * each perhaps with `.gz` behind it. Actions, projects, ids and visits may hold `-`, and ids also `/`, so names are read
 * from their fixed ends; what lies between is only seen to be there.
 *
 * A name begins at the first segment of the key that begins with `log-`. What comes before are folders.
 */

import { DAY_MS, dayNumber, readDigits, utcText } from '../calendar.ts';
import type { ListingRange } from '../dataset.ts';
import { ACTIONS, type Action } from './visit-event.ts';

export type LogName =
  | {
      readonly kind: 'source';
      readonly action: Action;
      /** Epoch milliseconds: the second, or in the older form the beginning of the day. */
      readonly time: number;
      /** Not in the older form. */
      readonly adcid: number | undefined;
      readonly isInFolder: boolean;
    }
  | { readonly kind: 'ignored'; readonly reason: IgnoredName };

type IgnoredName = 'not a log file' | 'unknown action' | 'not a time' | 'no adcid' | 'no project, ptid and visit';

const START = /(?:^|\/)log-/;
const END = /\.json(?:\.gz)?$/;
const DAY_LENGTH = 'YYYYMMDD'.length;
const TIME_LENGTH = 'YYYYMMDD-HHMMSS'.length;
const ADCID = /^-([0-9]{1,10})(?=-|$)/;
/** The three of them, none empty: they may hold `-` themselves. */
const REST = /^-.+-.+-.+$/s;
const MAX_INT32 = 2_147_483_647;

/** @param name of the object below the source's prefix */
export function readLogName(name: string): LogName {
  const start = START.exec(name);
  const end = END.exec(name);
  if (start === null || end === null) return ignored('not a log file');
  const text = name.slice(start.index + start[0].length, end.index);
  // None of them begins with another and `-`.
  const action = ACTIONS.find((one) => text.startsWith(`${one}-`));
  if (action === undefined) return ignored('unknown action');

  const isInFolder = start[0].startsWith('/');
  const time = text.slice(action.length + 1);
  const day = readCompactDay(time);
  if (time.length === DAY_LENGTH && !Number.isNaN(day)) {
    return { kind: 'source', action, time: day, adcid: undefined, isInFolder };
  }
  const second = day + readCompactTime(time);
  if (Number.isNaN(second)) return ignored('not a time');

  const digits = ADCID.exec(time.slice(TIME_LENGTH));
  const adcid = Number(digits?.[1] ?? 0);
  if (digits === null || adcid < 1 || adcid > MAX_INT32) return ignored('no adcid');
  if (!REST.test(time.slice(TIME_LENGTH + digits[0].length))) return ignored('no project, ptid and visit');
  return { kind: 'source', action, time: second, adcid, isInFolder };
}

/**
 * Names of an action sort by time. A day in the older form comes behind all seconds of that day, because `-` sorts
 * before `.`: it is never passed over for a second of its day.
 *
 * @param since epoch milliseconds
 */
export function logNameRanges(since: number): readonly ListingRange[] {
  const second = utcText(since).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return ACTIONS.map((action) => ({ prefix: `log-${action}-`, startAfter: `log-${action}-${second}` }));
}

function ignored(reason: IgnoredName): LogName {
  return { kind: 'ignored', reason };
}

/** Epoch milliseconds of the day that a text begins with; NaN when it begins with none. */
function readCompactDay(text: string): number {
  return dayNumber(readDigits(text, 0, 4), readDigits(text, 4, 6), readDigits(text, 6, 8)) * DAY_MS;
}

/** Milliseconds of the day, behind it; NaN when there is no such time. */
function readCompactTime(text: string): number {
  const hour = readDigits(text, 9, 11);
  const minute = readDigits(text, 11, 13);
  const second = readDigits(text, 13, 15);
  const isTime = text[DAY_LENGTH] === '-' && hour <= 23 && minute <= 59 && second <= 59;
  return isTime ? ((hour * 60 + minute) * 60 + second) * 1_000 : Number.NaN;
}

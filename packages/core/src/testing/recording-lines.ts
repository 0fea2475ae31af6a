import { createLogLines, type LogLines } from '../logs/log-lines.ts';

export interface RecordingLines {
  /** Of every level. */
  readonly lines: LogLines;
  /** The fields of each line, oldest first. */
  readonly said: readonly Readonly<Record<string, unknown>>[];
}

/** A log that a test can read. */
export function createRecordingLines(): RecordingLines {
  const said: Record<string, unknown>[] = [];
  const take = (fields: object) => void said.push({ ...fields });
  const lines = createLogLines({ isLevelEnabled: () => true, debug: take, info: take, warn: take, error: take });
  return { lines, said };
}

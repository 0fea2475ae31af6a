/** From the flags of `checkpoint` to what is to be done: every problem at once. */

import { createDataset, DATASET_NAMES, type Dataset, isDatasetName, templateProblems } from '@millrace/checkpoint';
import { ConfigError } from '@millrace/core';
import { InvalidArgumentError } from 'commander';
import { durationOf } from '../durations.ts';
import type { Io } from '../io.ts';
import { checkEndpoint, nameOfPlace, type ObjectPlace, readPlace } from '../object-place.ts';
import { parseTime } from '../options.ts';
import { toMicroseconds } from './instants.ts';

/** As they were given, of whichever command. */
export interface CheckpointFlags {
  readonly dataset: string;
  readonly source?: string;
  readonly checkpoint?: string;
  readonly keyTemplate?: string;
  readonly endpoint?: string;
  readonly patience?: string;
  readonly json?: boolean;
  /** Of `run`. */
  readonly since?: string;
  readonly full?: boolean;
  /** Of `rebuild`. */
  readonly acceptLoss?: boolean;
  /** Of `compact`. */
  readonly all?: boolean;
}

export interface CheckpointPlan {
  readonly dataset: Dataset;
  /** Undefined for commands that look at the checkpoint alone. */
  readonly source: ObjectPlace | undefined;
  readonly checkpoint: ObjectPlace;
  /** Of an emulator. */
  readonly endpoint: string | undefined;
  /** Milliseconds; undefined: as long as the engine would. */
  readonly patienceMs: number | undefined;
  /** Microseconds. */
  readonly since: number | undefined;
}

/** @throws ConfigError with every problem */
export function readCheckpointPlan(flags: CheckpointFlags, needsSource: boolean, io: Io): CheckpointPlan {
  const problems: string[] = [];
  const dataset = readDataset(flags, problems);
  const source = needsSource ? readNeeded('--source', flags.source, problems) : undefined;
  const checkpoint = readNeeded('--checkpoint', flags.checkpoint, problems);
  const { endpoint } = flags;
  checkEndpoint(endpoint, problems);
  const places = [source, checkpoint].filter((place) => place !== undefined);
  if (endpoint !== undefined && places.length > 0 && places.every(({ kind }) => kind === 'folder')) {
    problems.push('--endpoint is for places of s3://');
  }
  if (source !== undefined && checkpoint !== undefined && nameOfPlace(source) === nameOfPlace(checkpoint)) {
    problems.push('--source and --checkpoint must be two places: a source is never written to');
  }
  const patienceMs = readPatience(flags.patience, problems);
  const since = readSince(flags.since, problems, io.now());
  if (problems.length > 0 || dataset === undefined || checkpoint === undefined) throw new ConfigError(problems);
  return { dataset, source, checkpoint, endpoint, patienceMs, since };
}

function readDataset({ dataset: name, keyTemplate }: CheckpointFlags, problems: string[]): Dataset | undefined {
  if (!isDatasetName(name)) {
    problems.push(`--dataset must be one of ${DATASET_NAMES.join(', ')}; got '${name}'`);
    return undefined;
  }
  const dataset = createDataset(name);
  if (keyTemplate === undefined) return dataset;
  for (const problem of templateProblems(keyTemplate, dataset.templateFields)) {
    problems.push(`--key-template ${problem}`);
  }
  return { ...dataset, template: keyTemplate };
}

function readNeeded(flag: string, text: string | undefined, problems: string[]): ObjectPlace | undefined {
  if (text !== undefined) return readPlace(flag, text, problems);
  problems.push(`${flag} is needed: a folder, or s3://bucket/prefix`);
  return undefined;
}

function readPatience(text: string | undefined, problems: string[]): number | undefined {
  if (text === undefined) return undefined;
  const ms = durationOf(text);
  if (ms === undefined) problems.push(`--patience must be a length of time such as 90s or 5m; got '${text}'`);
  return ms;
}

function readSince(text: string | undefined, problems: string[], now: number): number | undefined {
  if (text === undefined) return undefined;
  try {
    return toMicroseconds(parseTime(text, now));
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    problems.push(`--since '${text}': ${error.message}`);
    return undefined;
  }
}

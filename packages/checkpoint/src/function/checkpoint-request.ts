/** What the function is asked for: an event, and the settings that stand in for what it leaves open. */

import { checkpointPlace } from '../checkpoint-place.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { createDataset, DATASET_NAMES, isDatasetName, templateProblems } from '../datasets/index.ts';
import { readTimestamp } from '../datasets/iso-timestamp.ts';

export interface CheckpointRequest {
  /** With the template that its files have here. */
  readonly dataset: Dataset;
  readonly sourceBucket: string;
  /** What the keys of source objects begin with. */
  readonly sourcePrefix: string;
  readonly checkpointBucket: string;
  /** Of the checkpoint: empty, or ending with a slash. */
  readonly checkpointPrefix: string;
  /** Only events after this, microseconds. */
  readonly since: number | undefined;
}

/** What an event need not say. */
export interface RequestDefaults {
  readonly dataset: string;
  readonly sourceBucket: string | undefined;
  readonly prefix: string;
  readonly checkpointBucket: string | undefined;
  readonly checkpointKey: string | undefined;
}

const FIELDS = [
  ...['dataset', 'source_bucket', 'prefix', 'checkpoint_bucket'],
  ...['checkpoint_key', 'checkpoint_key_template', 'since'],
];

/** @returns what is asked for, or everything that is wrong with it */
export function parseCheckpointRequest(
  event: unknown,
  defaults: RequestDefaults,
): CheckpointRequest | readonly string[] {
  if (event !== undefined && event !== null && (typeof event !== 'object' || Array.isArray(event))) {
    return ['the event must be a JSON object'];
  }
  const fields = new Map(Object.entries(event ?? {}));
  const problems: string[] = [];
  for (const name of fields.keys()) {
    if (!FIELDS.includes(name)) problems.push(`${name} is not a field; there are ${FIELDS.join(', ')}`);
  }
  const text = (name: string, fallback: string | undefined): string | undefined => {
    const value = fields.get(name);
    if (value === undefined || value === null) return fallback;
    if (typeof value === 'string') return value;
    problems.push(`${name} must be a text`);
    return fallback;
  };
  const needed = (name: string, fallback: string | undefined, setting: string): string => {
    const value = text(name, fallback);
    if (value === undefined || value === '') problems.push(`${name} is missing, and so is the setting ${setting}`);
    return value ?? '';
  };
  const sourceBucket = needed('source_bucket', defaults.sourceBucket, 'SOURCE_BUCKET');
  const checkpointBucket = needed('checkpoint_bucket', defaults.checkpointBucket, 'CHECKPOINT_BUCKET');
  const sourcePrefix = text('prefix', defaults.prefix) ?? '';
  const name = text('dataset', defaults.dataset) ?? '';
  if (!isDatasetName(name)) problems.push(`dataset must be ${DATASET_NAMES.join(' or ')}, not ${JSON.stringify(name)}`);
  const dataset = createDataset(isDatasetName(name) ? name : 'visit-events');
  const own = text('checkpoint_key', undefined);
  const template = text('checkpoint_key_template', undefined);
  if (own !== undefined && template !== undefined) {
    problems.push('checkpoint_key and checkpoint_key_template cannot both be given');
  }
  const key = own ?? template ?? defaults.checkpointKey ?? dataset.template;
  problems.push(
    ...templateProblems(key, dataset.templateFields).map((problem) => `the checkpoint key ${key} ${problem}`),
  );
  const sinceText = text('since', undefined);
  const since = sinceText === undefined ? undefined : readTimestamp(sinceText);
  if (typeof since === 'string') problems.push(`since ${since}`);
  if (problems.length > 0 || typeof since === 'string') return problems;
  const place = checkpointPlace(key, dataset.name);
  return {
    dataset: { ...dataset, template: place.template },
    ...{ sourceBucket, sourcePrefix, checkpointBucket, since },
    checkpointPrefix: place.prefix,
  };
}

/** Finds the state of a checkpoint, or begins one where there is nothing yet: never over files that nobody knows. */

import type { Dataset } from '../datasets/dataset.ts';
import { CheckpointMismatchError, RebuildUnfinishedError, StateMissingError } from '../errors.ts';
import { layoutOf } from '../layout.ts';
import { type CheckpointState, initialState, parseState } from '../state/checkpoint-state.ts';
import { openSession, type Session } from '../state/session.ts';
import type { CheckpointDeps, CheckpointObjects } from './checkpoint-deps.ts';
import { listPages } from './listing.ts';

export interface OpenOptions {
  readonly runId: string;
  /** Milliseconds to wait for a run that is at work. */
  readonly patienceMs?: number | undefined;
  /**
   * `adopt`: begin also where there are files already. `rebuild`: the same, and in place of a state that cannot be read or
   * is for another template.
   */
  readonly purpose?: 'run' | 'adopt' | 'rebuild';
}

const DEFAULT_PATIENCE_MS = 60_000;

/**
 * Takes the lease.
 * @throws StateMissingError, CheckpointMismatchError, CorruptStateError, LeaseHeldError, and what the store throws
 */
export async function openCheckpoint(
  { dataset, target, clock, wait }: Pick<CheckpointDeps, 'dataset' | 'target' | 'clock' | 'wait'>,
  { runId, patienceMs = DEFAULT_PATIENCE_MS, purpose = 'run' }: OpenOptions,
): Promise<Session> {
  const { state: key } = layoutOf(dataset.name);
  return await openSession(
    { objects: target, clock, wait },
    {
      ...{ key, runId, patienceMs },
      async create() {
        const [file] = purpose === 'run' ? await groupFiles(target, dataset) : [];
        if (file !== undefined) throw new StateMissingError(file, key);
        return initialState(dataset.name, dataset.template);
      },
      read: (bytes) => (purpose === 'rebuild' ? readAny(bytes, key, dataset) : readOwn(bytes, key, dataset)),
    },
  );
}

function readOwn(bytes: Uint8Array, key: string, dataset: Dataset): CheckpointState {
  const state = parseState(bytes, key);
  assertSameCheckpoint(state, dataset);
  if (state.isRebuilding) throw new RebuildUnfinishedError(key);
  return state;
}

/** Of a state that can be read its lease and its files count, whatever its template. */
function readAny(bytes: Uint8Array, key: string, { name, template }: Dataset): CheckpointState {
  try {
    const state = parseState(bytes, key);
    return { ...state, dataset: name, template };
  } catch {
    return initialState(name, template);
  }
}

/** Paths of all files that a template can name, whoever made them. */
export async function groupFiles(
  target: Pick<CheckpointObjects, 'list'>,
  { template }: Pick<Dataset, 'template'>,
): Promise<readonly string[]> {
  const prefix = template.slice(0, template.search(/\{|[^/]*$/));
  const paths: string[] = [];
  for await (const page of listPages(target, { prefix, startAfter: '' })) {
    paths.push(...page.map(({ key }) => key).filter((key) => isGroupPath(template, key)));
  }
  return paths;
}

/** Whether a template can name a file so. */
export function isGroupPath(template: string, path: string): boolean {
  // A template has no other characters that mean something in a pattern.
  const texts = template.split(/\{[^}]*\}/).map((text) => text.replaceAll('.', '\\.'));
  return new RegExp(`^${texts.join('[^/]+')}$`).test(path);
}

function assertSameCheckpoint(state: CheckpointState, { name, template }: Dataset): void {
  if (state.dataset !== name) {
    throw new CheckpointMismatchError(`this is a checkpoint of ${state.dataset}, not of ${name}`);
  }
  if (state.template !== template) {
    throw new CheckpointMismatchError(
      `this checkpoint was made with the template ${state.template}, not ${template}; ` +
        'another template needs another place, or `millrace checkpoint rebuild`',
    );
  }
}

/** Where things are below the prefix of a checkpoint. */

import type { DatasetName } from './datasets/dataset.ts';

export interface Layout {
  /** The one object that says what is folded, what is under way and what is still to do. */
  readonly state: string;
  /** Prefix of the segments of the manifest. */
  readonly manifest: string;
  /** Prefix under which a rebuilt checkpoint grows before it takes the place of the old one. */
  readonly rebuild: string;
  /** Ids of rows that are deleted, NDJSON. */
  readonly tombstones: string;
}

/** Engines that read folders as tables leave out names that begin with an underscore. */
const OWN_FOLDER = '_millrace';

export function layoutOf(dataset: DatasetName): Layout {
  const folder = `${OWN_FOLDER}/${dataset}`;
  return {
    state: `${folder}/state.json`,
    manifest: `${folder}/manifest/`,
    rebuild: `${folder}/rebuild/`,
    tombstones: `${folder}/tombstones.ndjson`,
  };
}

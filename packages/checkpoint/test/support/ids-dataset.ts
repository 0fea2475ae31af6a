/** The lines, deleted by their `id`; objects may be gzip. */

import type { Dataset } from '../../src/datasets/dataset.ts';
import { MAX_OBJECT_BYTES, unpackObject } from '../../src/datasets/object-bytes.ts';
import { linesDataset } from './lines-dataset.ts';

export const idsDataset: Dataset = {
  ...linesDataset,
  rowId: ([, id]) => (typeof id === 'string' ? id : null),
  readObject(bytes) {
    const unpacked = unpackObject(bytes, MAX_OBJECT_BYTES);
    if (typeof unpacked === 'string') throw new Error(unpacked);
    return linesDataset.readObject(unpacked);
  },
};

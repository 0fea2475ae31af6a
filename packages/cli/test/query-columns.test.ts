import { describe, expect, test } from '@jest/globals';
import { createDataset, DATASET_NAMES } from '@millrace/checkpoint';
import { DATASET_TABLES } from '@millrace/query';

test('every dataset of checkpoints can be queried', () => {
  expect(Object.keys(DATASET_TABLES).toSorted()).toEqual([...DATASET_NAMES].toSorted());
});

describe('queries see the columns that checkpoints write, in their order', () => {
  test.each(DATASET_NAMES)('%s', (name) => {
    const written = createDataset(name).schema.columns;
    expect(DATASET_TABLES[name].columns).toEqual(written);
  });
});

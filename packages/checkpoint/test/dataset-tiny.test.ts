import { describe, expect, test } from '@jest/globals';
import { renderTemplate, templateProblems } from '@millrace/checkpoint';
import { createTinyDataset, tinyName, tinyObject } from '@millrace/checkpoint/testing';
import { isInRanges } from './support/listing-ranges.ts';

const dataset = createTinyDataset();

describe('the tiny dataset', () => {
  test('has rows, rows that are left out, and broken ones', () => {
    const bytes = tinyObject([
      { id: 'a', group: 'red', at: 5 },
      { id: 'b', group: 'ignored', at: 6 },
      'broken',
      { id: 'c', group: 'blue', at: 7 },
    ]);
    expect(dataset.readObject(bytes)).toEqual({
      rows: [
        { values: ['a', 'red', 5], timestamp: 5, fields: { group: 'red' } },
        { values: ['c', 'blue', 7], timestamp: 7, fields: { group: 'blue' } },
      ],
      filtered: new Map([['ignored group', 1]]),
      problems: [{ line: 3, field: undefined, message: 'is not a line' }],
    });
  });

  test('has names that sort by time, and others', () => {
    const name = tinyName(1_700_000_000_000, 'a');
    expect(dataset.readKey(name)).toEqual({ kind: 'source', time: 1_700_000_000_000 });
    expect(dataset.readKey('notes.md')).toEqual({ kind: 'ignored', reason: 'not a text' });
    expect(isInRanges(name, dataset.listingRanges(1_700_000_000_000))).toBe(true);
    expect(isInRanges(name, dataset.listingRanges(1_700_000_000_001))).toBe(false);
  });

  test('has a template without problems', () => {
    expect(templateProblems(dataset.template, dataset.templateFields)).toEqual([]);
    expect(renderTemplate(dataset.template, { group: 'red' })).toBe('red/rows.parquet');
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concatBytes } from '../src/concat-bytes.ts';
import { physicalColumns } from '../src/format/physical-column.ts';
import { appendToParquet, type Row, UnsupportedParquetError } from '../src/index.ts';
import { someVisits, tableOf, VISIT_SCHEMA } from '../src/testing/index.ts';
import { DEFAULT_ENCODING } from '../src/write/chunk-writer.ts';
import { encodeFooter, MAGIC, trailerOf } from '../src/write/footer.ts';
import { encodeRowGroup } from '../src/write/row-group-writer.ts';
import { append, compact, fileOf, open, rowsIn } from './support/files.ts';
import { metadataOf } from './support/hyparquet.ts';
import { expectSameRows } from './support/rows.ts';

/** A file whose row groups tell their places, as Polars and parquet-mr write them. */
function fileWithOrdinals(groups: readonly (readonly Row[])[]): Uint8Array {
  const columns = physicalColumns(VISIT_SCHEMA);
  const parts: Uint8Array[] = [MAGIC];
  const rowGroups: Uint8Array[] = [];
  for (const [ordinal, rows] of groups.entries()) {
    const offset = concatBytes(parts).length;
    const group = encodeRowGroup(columns, tableOf(VISIT_SCHEMA, rows), { offset, ordinal }, DEFAULT_ENCODING);
    parts.push(...group.parts);
    rowGroups.push(group.thrift);
  }
  const rows = groups.flat().length;
  const footer = encodeFooter({ columns, rows, rowGroups, metadata: new Map(), createdBy: 'other version 1' });
  return concatBytes([...parts, footer, trailerOf(footer)]);
}

function ordinalsOf(bytes: Uint8Array): (number | undefined)[] {
  return metadataOf(bytes).row_groups.map(({ ordinal }) => ordinal);
}

const MERGE = { smallRows: 10, smallGroups: 3, tailGroups: 5, targetRows: 30, targetBytes: 1_000_000 };

describe('either all row groups tell their places, or none', () => {
  test.each([
    ['of a file that tells them', true],
    ['of a file that does not', false],
  ])('%s', async (_, isTold) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (old, added) => {
        const groups = old.map((size) => someVisits(size));
        let bytes = isTold ? fileWithOrdinals(groups) : fileOf(VISIT_SCHEMA, groups);
        for (const size of added) ({ bytes } = await append(bytes, VISIT_SCHEMA, someVisits(size), { merge: MERGE }));
        const ordinals = ordinalsOf(bytes);
        expect(ordinals).toEqual(ordinals.map((_, index) => (isTold ? index : undefined)));
        expectSameRows(
          await rowsIn(bytes, VISIT_SCHEMA),
          [...old, ...added].flatMap((size) => someVisits(size)),
        );
      }),
    );
  });

  test('of a compacted file none', async () => {
    const bytes = await compact(fileWithOrdinals([someVisits(5), someVisits(5)]), VISIT_SCHEMA, { rowGroupRows: 4 });
    expect(ordinalsOf(bytes)).toEqual([undefined, undefined, undefined]);
  });
});

test('a row group whose place no number tells is not added', async () => {
  const file = await open(fileWithOrdinals([someVisits(1)]), VISIT_SCHEMA);
  const [group] = file.rowGroups;
  if (group === undefined) throw new Error('there is no row group');
  const table = tableOf(VISIT_SCHEMA, someVisits(1));
  const appendTo = (count: number) =>
    appendToParquet({ ...file, rowGroups: Array.from({ length: count }, () => group) }, table, { merge: 'never' });
  await expect(appendTo(32_767)).resolves.toMatchObject({ rowGroups: 32_768 });
  await expect(appendTo(32_768)).rejects.toThrow(UnsupportedParquetError);
});

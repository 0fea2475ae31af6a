import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { zip } from '../src/zip.ts';

const path = fc.stringMatching(/^[a-z0-9@_-]{1,8}(\/[a-z0-9._-]{1,8}){0,3}\.js$/);
const file = fc.tuple(path, fc.uint8Array({ maxLength: 200 }));
const files = fc.uniqueArray(file, { selector: ([name]) => name, maxLength: 12 });

test('a zip gives back every file as it was', () => {
  fc.assert(
    fc.property(files, (list) => {
      const unpacked = unzipSync(zip(new Map(list)));
      expect(Object.keys(unpacked).sort()).toEqual(list.map(([name]) => name).sort());
      for (const [name, bytes] of list) expect(Buffer.from(unpacked[name] ?? '')).toEqual(Buffer.from(bytes));
    }),
  );
});

test('the order in which files are given changes no byte', () => {
  const shuffled = files.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      expect(Buffer.from(zip(new Map(other)))).toEqual(Buffer.from(zip(new Map(list))));
    }),
  );
});

test('a zip is the same bytes on any machine and at any time', () => {
  const bytes = zip(new Map([['a/b.js', Buffer.from('exports.a=1;'.repeat(20))]]));
  const expected = [
    '504b030414000000080000002100627ba11d10000000f000000006000000612f622e6a73',
    '4bad28c82f2a29d64bb435b41e096c00',
    '504b0102140314000000080000002100627ba11d10000000f0000000060000000000000000000000a48100000000612f622e6a73',
    '504b0506000000000100010034000000340000000000',
  ].join('');
  expect(Buffer.from(bytes).toString('hex')).toBe(expected);
});

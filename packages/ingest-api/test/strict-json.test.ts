import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { scanJson } from '../src/json-scan.ts';
import { readStrictJson } from '../src/strict-json.ts';

/** Names that lie close to each other, and to the characters that the counting looks at. */
const name = fc.constantFrom('a', 'b', ':', '"', '\\', '\\"', '__proto__', '', '{"a":1}', '\n');

type Node = string | readonly Node[] | { readonly members: readonly (readonly [string, Node])[] };

/** JSON texts built member by member, so that names may repeat; and the first repeat, by the order of the text. */
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.jsonValue({ maxDepth: 0 }), name).map((value) => JSON.stringify(value)),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.record({ members: fc.array(fc.tuple(name, tie('node')), { maxLength: 4 }) }),
  ),
}));

function textOf(value: Node): string {
  if (typeof value === 'string') return value;
  if (!('members' in value)) return `[ ${value.map(textOf).join(' ,\n')}]`;
  return `{${value.members.map(([key, member]) => `${JSON.stringify(key)} :${textOf(member)}`).join(', ')}}`;
}

/** What the text of a node says, without JSON.parse for names. */
function meaningOf(value: Node): unknown {
  if (typeof value === 'string') return JSON.parse(value);
  if (!('members' in value)) return value.map(meaningOf);
  return Object.fromEntries(value.members.map(([key, member]) => [key, meaningOf(member)]));
}

/** Is a name given twice in any object, and where is the first such place? The obvious way, by recursion. */
function firstRepeat(value: Node, path: readonly (string | number)[] = []): readonly (string | number)[] | undefined {
  if (typeof value === 'string') return undefined;
  const children: readonly (readonly [string | number, Node])[] =
    'members' in value ? value.members : value.map((element, index) => [index, element]);
  const seen = new Set<string | number>();
  for (const [key, child] of children) {
    const here = [...path, key];
    if (seen.has(key)) return here;
    seen.add(key);
    const within = firstRepeat(child, here);
    if (within !== undefined) return within;
  }
  return undefined;
}

describe('readStrictJson', () => {
  test('reads a text as what it says exactly when no object names a member twice', () => {
    fc.assert(
      fc.property(node, (value) => {
        const text = textOf(value);
        const reading = readStrictJson(text);
        if (firstRepeat(value) === undefined) expect(reading).toEqual({ value: meaningOf(value) });
        else expect(reading).toMatchObject({ problem: { message: 'is given more than once' } });
      }),
      { numRuns: 1_000 },
    );
  });

  test('finds the first member that is named twice', () => {
    fc.assert(
      fc.property(node, (value) => {
        const path = firstRepeat(value);
        fc.pre(path !== undefined);
        expect(scanJson(textOf(value))).toEqual({ kind: 'duplicate', path });
      }),
      { numRuns: 300 },
    );
  });

  test('refuses every text that JSON.parse refuses, and no other that has no repeated name', () => {
    const piece = fc.constantFrom(...'{}[]:,"\\ \n0123.-+eE', 'true', 'null', '"a"', '\\u00e9', '\u0000', 'nul', 'x');
    const soup = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const broken = fc
      .tuple(node, fc.nat(), fc.nat({ max: 2 }), soup)
      .map(([value, at, cut, inserted]) => splice(textOf(value), at, cut, inserted));
    fc.assert(
      fc.property(fc.oneof(soup, broken), (text) => {
        const { kind } = scanJson(text);
        expect('problem' in readStrictJson(text)).toBe(kind !== 'value');
        if (isJson(text)) expect(kind).not.toBe('syntax');
        else expect(kind).not.toBe('value');
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads a name that is written with escapes, whatever names were read before in its place', () => {
    // Node 24 takes the second for the first: https://github.com/nodejs/node/issues/63785
    expect(readStrictJson('{"a":0,"sender\\\\u":1}')).toEqual({ value: { a: 0, 'sender\\u': 1 } });
    expect(readStrictJson('{"a":0,"sender\\u0049d":1}')).toEqual({ value: { a: 0, senderId: 1 } });
  });

  test('says that a text which was cut off within an array or object ends too early, at its end', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(), (list, at) => {
        const text = JSON.stringify({ list });
        const cut = text.slice(0, 1 + (at % (text.length - 1)));
        // An escape that was cut is named by its backslash.
        fc.pre(!/\\u?[0-9a-f]{0,3}$/.test(cut));
        expect(scanJson(cut)).toEqual({ kind: 'syntax', offset: cut.length });
      }),
      { numRuns: 500 },
    );
  });

  test('names the line and column of what cannot stand there', () => {
    const reading = readStrictJson('{"a": 1,\n  "b": 😀}', 5);
    expect(reading).toMatchObject({ problem: { message: 'is not JSON: "😀" cannot stand at line 6, column 8' } });
  });
});

function splice(text: string, at: number, cut: number, inserted: string): string {
  const start = at % (text.length + 1);
  return text.slice(0, start) + inserted + text.slice(start + cut);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

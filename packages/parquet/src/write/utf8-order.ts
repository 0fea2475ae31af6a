/** The order of texts by the bytes of their UTF-8, which is that of their code points, and the bounds of long ones. */

/** @returns below 0, 0 or above 0, as `a` comes before `b`, is the same or comes behind */
export function compareUtf8(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points behind all those of one unit. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export interface Bound {
  readonly text: string;
  /** False: the text is none of the values, but lies beyond them all. */
  readonly exact: boolean;
}

/** A text of at most `maxBytes` of UTF-8 that is not behind `text`. */
export function lowerBound(text: string, maxBytes: number): Bound {
  const prefix = prefixOf(text, maxBytes);
  return { text: prefix, exact: prefix === text };
}

/** A text of at most `maxBytes` of UTF-8 that is not before `text`; `text` itself when there is none. */
export function upperBound(text: string, maxBytes: number): Bound {
  const prefix = prefixOf(text, maxBytes);
  if (prefix === text) return { text, exact: true };
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = nextOfSameLength(last.codePointAt(0) ?? 0);
    if (next !== undefined) return { text: points.join('') + next, exact: false };
  }
  return { text, exact: true };
}

/** The longest beginning that has no more bytes. */
function prefixOf(text: string, maxBytes: number): string {
  let bytes = 0;
  let units = 0;
  for (const point of text) {
    bytes += Buffer.byteLength(point);
    if (bytes > maxBytes) return text.slice(0, units);
    units += point.length;
  }
  return text;
}

/** The next code point, when its UTF-8 is no longer. */
function nextOfSameLength(point: number): string | undefined {
  const next = point === 0xd7ff ? 0xe000 : point + 1;
  const isLastOfItsLength = point === 0x7f || point === 0x7ff || point === 0xffff || point === 0x10ffff;
  return isLastOfItsLength ? undefined : String.fromCodePoint(next);
}

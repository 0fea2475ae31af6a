import { S3Error } from './s3-error.ts';

/** A part of an object: its first byte, and the one behind its last. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The part that a Range header asks for; undefined when it says nothing that S3 understands (then the answer is whole).
 * @throws S3Error InvalidRange when no byte of the object lies in it
 */
export function partOf(header: string | undefined, size: number): Part | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first === '') return satisfiable({ start: Math.max(0, size - Number(last)), end: size }, size, header);
  const end = last === '' ? size : Number(last) + 1;
  if (end <= Number(first) && last !== '') return undefined;
  return satisfiable({ start: Number(first), end: Math.min(end, size) }, size, header);
}

function satisfiable(part: Part, size: number, asked = ''): Part {
  if (part.start < part.end) return part;
  throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
    details: { RangeRequested: asked, ActualObjectSize: String(size) },
    headers: { 'content-range': `bytes */${size}` },
  });
}

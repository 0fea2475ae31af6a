/** Cuts a stream of bytes into lines, holding no more than one line of bounded length. */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line break; null when it was longer than the limit. */
  readonly bytes: Uint8Array | null;
  /** Bytes that the line took in the input, with its line break. */
  readonly inputBytes: number;
}

export interface LineSplitter {
  /** The lines that end in this chunk. They may share its memory. */
  push(chunk: Uint8Array): Line[];
  /** The last line, when the input does not end with a line break. */
  end(): Line[];
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = new Uint8Array(0);

/** Lines end with LF or CR LF. Past `maxBytes` the bytes of a line are counted and dropped. */
export function createLineSplitter(maxBytes: number): LineSplitter {
  let number = 0;
  /** Of the line that has not ended yet; dropped when they are too many. */
  let parts: Uint8Array[] = [];
  let length = 0;

  function keep(part: Uint8Array): void {
    length += part.length;
    // One more than the limit may turn out to be the CR of the line break.
    if (length > maxBytes + 1) parts = [];
    else if (part.length > 0) parts.push(part);
  }

  function take(breakBytes: number): Line {
    number += 1;
    const inputBytes = length + breakBytes;
    const bytes = length > maxBytes + 1 ? null : withoutCarriageReturn(join(parts));
    parts = [];
    length = 0;
    return { number, bytes: bytes !== null && bytes.length > maxBytes ? null : bytes, inputBytes };
  }

  return {
    push(chunk) {
      const lines: Line[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end));
        lines.push(take(1));
        start = end + 1;
      }
      keep(chunk.subarray(start));
      return lines;
    },
    end: () => (length === 0 ? [] : [take(0)]),
  };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only = NOTHING, ...others] = parts;
  return others.length === 0 ? only : Buffer.concat(parts);
}

function withoutCarriageReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}

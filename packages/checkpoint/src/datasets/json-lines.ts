/** JSON in an object: one value, or one to a line. */

export type JsonReading =
  | { readonly kind: 'value'; readonly line: number | undefined; readonly value: unknown }
  | { readonly kind: 'fault'; readonly line: number | undefined; readonly message: string };

interface Line {
  /** From 1; blank lines count. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** A mark is taken off where it belongs, at the beginning of the object: anywhere else it is a fault. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The values of an object, in their order, each by itself: a line that cannot be read does not hide the others. A value
 * alone, on one line or spread over many, has no line number. Blank lines are passed over.
 */
export function* readJson(object: Uint8Array): Generator<JsonReading> {
  const hasMark = BYTE_ORDER_MARK.every((byte, index) => object[index] === byte);
  const bytes = hasMark ? object.subarray(BYTE_ORDER_MARK.length) : object;
  const lines = linesOf(bytes);
  const first = nextOf(lines);
  if (first === undefined) {
    yield { kind: 'fault', line: undefined, message: 'is empty' };
    return;
  }
  const second = nextOf(lines);
  const reading = parse(first.bytes, second === undefined ? undefined : first.number);
  if (reading.kind === 'fault' && second !== undefined) {
    const whole = parse(bytes, undefined);
    // A value that is spread over lines and broken somewhere is one fault, not one for each of its lines.
    const isOneValue = whole.kind === 'value' || (isLoneBracket(first.bytes) && !hasValue(bytes));
    if (isOneValue) {
      yield refuseArray(whole);
      return;
    }
  }
  yield refuseArray(reading);
  if (second === undefined) return;
  yield refuseArray(parse(second.bytes, second.number));
  for (const line of lines) yield refuseArray(parse(line.bytes, line.number));
}

function parse(bytes: Uint8Array, line: number | undefined): JsonReading {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { kind: 'fault', line, message: 'is not UTF-8' };
  }
  try {
    return { kind: 'value', line, value: JSON.parse(text) };
  } catch {
    // What JSON.parse says quotes the text, which may be about a person.
    return { kind: 'fault', line, message: 'is not JSON' };
  }
}

function refuseArray(reading: JsonReading): JsonReading {
  if (reading.kind === 'fault' || !Array.isArray(reading.value)) return reading;
  return { kind: 'fault', line: reading.line, message: 'is an array: an object holds one event, or one on each line' };
}

/** Those that hold more than white space. A line feed is never part of another character in UTF-8. */
function* linesOf(bytes: Uint8Array): Generator<Line> {
  let number = 1;
  for (let start = 0; start < bytes.length; number += 1) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found === -1 ? bytes.length : found;
    if (hasInk(bytes, start, end)) {
      // Most objects are one line: no view of a view is needed for them.
      yield { number, bytes: start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end) };
    }
    start = end + 1;
  }
}

function hasInk(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isBlank(bytes[i])) return true;
  return false;
}

/** White space of JSON, but for the line feed. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function isLoneBracket(line: Uint8Array): boolean {
  const ink = line.filter((byte) => !isBlank(byte));
  return ink.length === 1 && (ink[0] === '{'.charCodeAt(0) || ink[0] === '['.charCodeAt(0));
}

/** Is there a line that is an event, or could be? */
function hasValue(bytes: Uint8Array): boolean {
  for (const line of linesOf(bytes)) {
    const reading = parse(line.bytes, line.number);
    if (reading.kind === 'value' && typeof reading.value === 'object') return true;
  }
  return false;
}

function nextOf<T>(values: Iterator<T, unknown>): T | undefined {
  const next = values.next();
  return next.done === true ? undefined : next.value;
}

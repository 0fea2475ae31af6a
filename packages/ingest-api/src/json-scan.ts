/**
 * Reads JSON step by step: for texts that are wrong, to say where and why, and for those that JSON.parse cannot be
 * trusted with.
 *
 * Exact rather than fast, as few texts come here. Nothing recurses: a million open brackets are no danger.
 */

export type JsonScan =
  | { readonly kind: 'value'; readonly value: unknown }
  /** Offset (UTF-16 units) of the first character that cannot stand there, or the end of a text that is cut off. */
  | { readonly kind: 'syntax'; readonly offset: number }
  /** The way to a member that has the name of an earlier one. */
  | { readonly kind: 'duplicate'; readonly path: readonly (string | number)[] };

type JsonFault = Exclude<JsonScan, { kind: 'value' }>;

/** The value of a text, or its first fault. */
export function scanJson(text: string): JsonScan {
  const scan = new Scan(text);
  let fault: JsonFault | undefined;
  while (fault === undefined && !scan.isDone) fault = scan.step();
  return fault ?? { kind: 'value', value: scan.value };
}

/** An array or object that has begun and not ended. */
interface Open {
  readonly value: object;
  /** The names so far; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** The member or element that is being read. */
  place: string | number;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Scan {
  isDone = false;
  value: unknown;
  readonly #text: string;
  readonly #open: Open[] = [];
  #at = 0;
  #expected: 'value' | 'value or end' | 'name' | 'name or end' | 'separator' = 'value';

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes past one bracket, comma, scalar, or name with its colon. */
  step(): JsonFault | undefined {
    this.#skip(SPACE);
    switch (this.#expected) {
      case 'value':
        return this.#value();
      case 'value or end':
        return this.#text[this.#at] === ']' ? this.#close() : this.#value();
      case 'name':
        return this.#name();
      case 'name or end':
        return this.#text[this.#at] === '}' ? this.#close() : this.#name();
      case 'separator':
        return this.#separator();
    }
  }

  #value(): JsonFault | undefined {
    const start = this.#at;
    const char = this.#text[start];
    if (char === '{') return this.#begin({ value: {}, names: new Set(), place: '' }, 'name or end');
    if (char === '[') return this.#begin({ value: [], names: undefined, place: 0 }, 'value or end');
    const isWhole = char === '"' ? this.#string() : this.#skip(SCALAR);
    if (!isWhole) return this.#syntaxFault();
    this.#put(JSON.parse(this.#text.slice(start, this.#at)));
    this.#expected = 'separator';
    return undefined;
  }

  #begin(open: Open, expected: 'name or end' | 'value or end'): undefined {
    this.#put(open.value);
    this.#open.push(open);
    this.#expected = expected;
    this.#at += 1;
  }

  /** Puts a value where it stands. Defined, not assigned: a member may be called __proto__. */
  #put(value: unknown): void {
    const inner = this.#open.at(-1);
    if (inner === undefined) this.value = value;
    else if (Array.isArray(inner.value)) inner.value.push(value);
    else
      Object.defineProperty(inner.value, inner.place, { value, configurable: true, enumerable: true, writable: true });
  }

  #close(): undefined {
    this.#open.pop();
    this.#expected = 'separator';
    this.#at += 1;
  }

  #name(): JsonFault | undefined {
    const start = this.#at;
    if (!this.#string()) return this.#syntaxFault();
    const name: string = JSON.parse(this.#text.slice(start, this.#at));
    const object = this.#open.at(-1);
    if (object !== undefined) object.place = name;
    if (object?.names?.has(name)) return { kind: 'duplicate', path: this.#open.map(({ place }) => place) };
    object?.names?.add(name);

    this.#skip(SPACE);
    if (this.#text[this.#at] !== ':') return this.#syntaxFault();
    this.#at += 1;
    this.#expected = 'value';
    return undefined;
  }

  #separator(): JsonFault | undefined {
    const char = this.#text[this.#at];
    const inner = this.#open.at(-1);
    if (inner === undefined) {
      this.isDone = true;
      return char === undefined ? undefined : this.#syntaxFault();
    }
    if (char === (inner.names === undefined ? ']' : '}')) return this.#close();
    if (char !== ',') return this.#syntaxFault();
    if (typeof inner.place === 'number') inner.place += 1;
    this.#expected = inner.names === undefined ? 'value' : 'name';
    this.#at += 1;
    return undefined;
  }

  /** Goes past a string, or to the character that breaks it. */
  #string(): boolean {
    if (this.#text[this.#at] !== '"') return false;
    for (this.#at += 1; this.#at < this.#text.length; ) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        this.#at += 1;
        return true;
      }
      if (code < FIRST_PRINTABLE || (code === BACKSLASH && !this.#skip(ESCAPE))) return false;
      if (code !== BACKSLASH) this.#at += 1;
    }
    return false;
  }

  /** Goes past a match of the pattern that begins here. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const matches = pattern.test(this.#text);
    if (matches) this.#at = pattern.lastIndex;
    return matches;
  }

  #syntaxFault(): JsonFault {
    return { kind: 'syntax', offset: this.#at };
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;

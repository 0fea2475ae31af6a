/**
 * Checks of the fields of an event that came as JSON. Every check gives a value of the right type in any case, and notes
 * what is wrong, so that an event is read to its end and all its problems are known at once.
 *
 * Messages follow the name of the field. They never hold what the field held: it may be about a person.
 */

import type { EventProblem } from './dataset.ts';
import { readTimestamp } from './iso-timestamp.ts';

export type FieldProblem = Omit<EventProblem, 'line'>;

export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_INT32 = 2_147_483_647;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class FieldChecks {
  readonly problems: FieldProblem[] = [];

  fault(field: string, message: string): void {
    this.problems.push({ field, message });
  }

  /** Trimmed, and not empty then. */
  text(field: string, value: unknown): string {
    const text = this.#string(field, value);
    if (text === '') this.fault(field, 'must not be empty');
    return text ?? '';
  }

  /** Trimmed; missing is null, empty is not. */
  textOrNull(field: string, value: unknown): string | null {
    return value === undefined || value === null ? null : (this.#string(field, value) ?? null);
  }

  oneOf<Text extends string>(field: string, value: unknown, texts: ReadonlySet<Text>): Text | undefined {
    const text = this.#string(field, value);
    if (text === undefined || (texts as ReadonlySet<string>).has(text)) return text as Text | undefined;
    this.fault(field, `must be one of ${[...texts].join(', ')}`);
    return undefined;
  }

  /** Microseconds since 1970. */
  timestamp(field: string, value: unknown): number {
    const text = this.#string(field, value);
    if (text === undefined) return 0;
    const micros = readTimestamp(text);
    if (typeof micros === 'number') return micros;
    this.fault(field, micros);
    return 0;
  }

  int32(field: string, value: unknown, least: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MAX_INT32) return value;
    this.#notA(field, value, `must be a whole number from ${least} to ${MAX_INT32}`);
    return least;
  }

  int32OrNull(field: string, value: unknown, least: number): number | null {
    return value === undefined || value === null ? null : this.int32(field, value, least);
  }

  /** Not negative. */
  duration(field: string, value: unknown): number {
    // JSON says Infinity as 1e999.
    if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
    this.#notA(field, value, 'must be a number from 0');
    return 0;
  }

  durationOrNull(field: string, value: unknown): number | null {
    return value === undefined || value === null ? null : this.duration(field, value);
  }

  #string(field: string, value: unknown): string | undefined {
    if (typeof value !== 'string') {
      this.#notA(field, value, 'must be text');
      return undefined;
    }
    if (isPlain(value)) return value;
    const text = value.trim();
    // A lone surrogate has no UTF-8: the file would hold another text.
    if (text.isWellFormed()) return text;
    this.fault(field, 'must be Unicode text, without half of a surrogate pair');
    return undefined;
  }

  #notA(field: string, value: unknown, message: string): void {
    if (value === undefined) this.fault(field, 'is missing');
    else this.fault(field, value === null ? 'must not be null' : message);
  }
}

/** Printable ASCII without a space at either end, as nearly every text is: there is nothing to trim or to check. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < SPACE || code > TILDE) return false;
  }
  return text.charCodeAt(0) !== SPACE && text.charCodeAt(text.length - 1) !== SPACE;
}

const SPACE = 0x20;
const TILDE = 0x7e;

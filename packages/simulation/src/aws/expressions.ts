/** The expressions of DynamoDB, as far as Millrace uses them: conditions, keys and updates. */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/** Names and values that an expression stands on. */
export interface Placeholders {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

type Scalar = string | number | undefined;
/** What an operand or a condition is of an item. */
type Operand = (item: Item | undefined, placeholders: Placeholders) => Scalar;
type Test = (item: Item | undefined, placeholders: Placeholders) => boolean;

const TOKEN = /\s*(<=|>=|<>|[=<>(),+]|[#:]?\w+)/y;

const tests = new Map<string, Test>();

/** Does the condition hold? Undefined stands for an item that is not there. */
export function holds(expression: string | undefined, item: Item | undefined, placeholders: Placeholders): boolean {
  if (expression === undefined) return true;
  const test = tests.get(expression) ?? parseCondition(expression);
  tests.set(expression, test);
  return test(item, placeholders);
}

/** @throws SyntaxError for what is no expression, or none that is known here */
export function parseCondition(expression: string): Test {
  const reader = createReader(expression);
  const test = readOr(reader);
  reader.end();
  return test;
}

interface Reader {
  /** The next word, in upper case; empty at the end. */
  peek(): string;
  next(): string;
  /** Takes the word if it comes next. */
  takes(word: string): boolean;
  expect(word: string): void;
  end(): void;
}

function createReader(expression: string): Reader {
  const words: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const word = TOKEN.exec(expression)?.[1];
    if (word === undefined) throw new SyntaxError(`not an expression: ${expression}`);
    words.push(word);
  }
  let index = 0;
  const peek = (): string => (words[index] ?? '').toUpperCase();
  const next = (): string => words[index++] ?? '';
  const takes = (word: string): boolean => {
    if (peek() !== word) return false;
    index += 1;
    return true;
  };
  return {
    ...{ peek, next, takes },
    expect(word) {
      if (!takes(word)) throw new SyntaxError(`${word} is missing in: ${expression}`);
    },
    end() {
      if (index < words.length) throw new SyntaxError(`${peek()} is too much in: ${expression}`);
    },
  };
}

function readOr(reader: Reader): Test {
  const parts = [readAnd(reader)];
  while (reader.takes('OR')) parts.push(readAnd(reader));
  return (...args) => parts.some((part) => part(...args));
}

function readAnd(reader: Reader): Test {
  const parts = [readTest(reader)];
  while (reader.takes('AND')) parts.push(readTest(reader));
  return (...args) => parts.every((part) => part(...args));
}

function readTest(reader: Reader): Test {
  if (reader.takes('(')) {
    const inner = readOr(reader);
    reader.expect(')');
    return inner;
  }
  if (reader.takes('ATTRIBUTE_NOT_EXISTS')) {
    const [operand] = readArguments(reader);
    return (...args) => operand?.(...args) === undefined;
  }
  if (reader.takes('BEGINS_WITH')) {
    const [operand, prefix] = readArguments(reader);
    return (...args) => String(operand?.(...args) ?? '').startsWith(String(prefix?.(...args)));
  }
  return readComparison(reader);
}

function readComparison(reader: Reader): Test {
  const left = readOperand(reader);
  const operator = reader.next().toUpperCase();
  if (operator === 'IN') {
    const options = readArguments(reader);
    return (...args) => options.some((option) => isEqual(left(...args), option(...args)));
  }
  const right = readOperand(reader);
  if (operator === 'BETWEEN') {
    reader.expect('AND');
    const most = readOperand(reader);
    return (...args) => isBelow(right(...args), left(...args), true) && isBelow(left(...args), most(...args), true);
  }
  const compare = COMPARISONS[operator];
  if (compare === undefined) throw new SyntaxError(`${operator} is not known here`);
  return (...args) => compare(left(...args), right(...args));
}

/** An attribute that is not there compares with nothing. */
const COMPARISONS: Readonly<Record<string, (a: Scalar, b: Scalar) => boolean>> = {
  '=': isEqual,
  '<>': (a, b) => !isEqual(a, b),
  '<': (a, b) => isBelow(a, b, false),
  '<=': (a, b) => isBelow(a, b, true),
  '>': (a, b) => isBelow(b, a, false),
  '>=': (a, b) => isBelow(b, a, true),
};

function isEqual(a: Scalar, b: Scalar): boolean {
  return a !== undefined && a === b;
}

function isBelow(a: Scalar, b: Scalar, orEqual: boolean): boolean {
  if (a === undefined || b === undefined || typeof a !== typeof b) return false;
  return a < b || (orEqual && a === b);
}

function readArguments(reader: Reader): Operand[] {
  reader.expect('(');
  const operands = [readOperand(reader)];
  while (reader.takes(',')) operands.push(readOperand(reader));
  reader.expect(')');
  return operands;
}

function readOperand(reader: Reader): Operand {
  const word = reader.next();
  if (!/^[#:]?\w+$/.test(word)) throw new SyntaxError(`"${word}" is no name and no value`);
  if (word.startsWith(':')) {
    return (_, { ExpressionAttributeValues: values = {} }) => {
      if (values[word] === undefined) throw new SyntaxError(`${word} has no value`);
      return toScalar(values[word]);
    };
  }
  return (item, placeholders) => toScalar(item?.[nameOf(word, placeholders)]);
}

function nameOf(word: string, { ExpressionAttributeNames: names = {} }: Placeholders): string {
  if (!word.startsWith('#')) return word;
  const name = names[word];
  if (name === undefined) throw new SyntaxError(`${word} has no name`);
  return name;
}

function toScalar(value: AttributeValue | undefined): Scalar {
  if (value === undefined) return undefined;
  return value.N === undefined ? value.S : Number(value.N);
}

/** The item after `SET a = :b, c = c + :d REMOVE e` or `ADD f :g`. */
export function updated(expression: string, item: Item, placeholders: Placeholders): Item {
  const { ExpressionAttributeValues: values = {} } = placeholders;
  const reader = createReader(expression);
  const next: Record<string, AttributeValue> = { ...item };
  const given = (word: string): AttributeValue => {
    const value = values[word];
    if (value === undefined) throw new SyntaxError(`${word} has no value`);
    return value;
  };
  const sum = (a: AttributeValue | undefined, b: AttributeValue): AttributeValue => ({
    N: String(Number(a?.N ?? 0) + Number(b.N)),
  });
  const name = (): string => nameOf(reader.next(), placeholders);

  while (reader.peek() !== '') {
    const clause = reader.next().toUpperCase();
    do {
      const target = name();
      if (clause === 'REMOVE') delete next[target];
      else if (clause === 'ADD') next[target] = sum(next[target], given(reader.next()));
      else if (clause === 'SET') {
        reader.expect('=');
        const word = reader.next();
        const isSum = reader.takes('+');
        next[target] = isSum ? sum(item[nameOf(word, placeholders)], given(reader.next())) : given(word);
      } else throw new SyntaxError(`${clause} is not known here`);
    } while (reader.takes(','));
  }
  return next;
}

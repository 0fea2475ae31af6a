import { describe, expect, test } from '@jest/globals';
import { holds, parseCondition, updated } from '../src/aws/expressions.ts';

const ITEM = { pk: { S: 'a' }, status: { S: 'QUEUED' }, round: { N: '10' }, attempts: { N: '2' }, due: { N: '5' } };
const PLACEHOLDERS = {
  ExpressionAttributeNames: { '#status': 'status', '#round': 'round', '#attempts': 'attempts', '#gone': 'gone' },
  ExpressionAttributeValues: {
    ':queued': { S: 'QUEUED' },
    ':failed': { S: 'FAILED' },
    ':nine': { N: '9' },
    ':ten': { N: '10' },
    ':prefix': { S: 'QUE' },
  },
};

describe('a condition', () => {
  test.each([
    ['#status = :queued', true],
    ['#status <> :queued', false],
    ['#round = :ten AND #status = :failed', false],
    ['#round = :nine OR #status = :queued', true],
    ['#round = :nine AND #status = :failed OR #status = :queued', true],
    ['#round = :nine AND (#status = :failed OR #status = :queued)', false],
    ['#status IN (:failed, :queued)', true],
    ['#status IN (:failed)', false],
    // As numbers: as texts it would not hold.
    [':nine <= #round', true],
    ['#round <= :nine', false],
    ['#attempts < #round', true],
    ['#round BETWEEN :nine AND :ten', true],
    ['#attempts BETWEEN :nine AND :ten', false],
    ['begins_with(#status, :prefix)', true],
    ['begins_with(pk, :prefix)', false],
    ['attribute_not_exists(pk)', false],
    ['attribute_not_exists(#gone)', true],
    // What is not there compares with nothing.
    ['#gone = :queued', false],
    ['#gone <= :ten', false],
    ['#status <= :ten', false],
  ])('%s: %s', (expression, expected) => {
    expect(holds(expression, ITEM, PLACEHOLDERS)).toBe(expected);
  });

  test('of an item that is not there holds only where that is asked for', () => {
    expect(holds('attribute_not_exists(pk)', undefined, PLACEHOLDERS)).toBe(true);
    expect(holds('#status = :queued', undefined, PLACEHOLDERS)).toBe(false);
  });

  test.each(['#status =', '#status = :queued AND', '(#status = :queued', 'size(#status) > :nine', '#status ~ :queued'])(
    'that is not known here is refused: %s',
    (expression) => {
      expect(() => holds(expression, ITEM, PLACEHOLDERS)).toThrow(SyntaxError);
    },
  );

  test('with a name or a value that nobody gave is refused', () => {
    expect(() => parseCondition('#unknown = :queued')(ITEM, PLACEHOLDERS)).toThrow(SyntaxError);
    expect(() => parseCondition('#status = :unknown')(ITEM, PLACEHOLDERS)).toThrow(SyntaxError);
  });
});

describe('an update', () => {
  test('sets, adds and removes', () => {
    const placeholders = {
      ExpressionAttributeNames: { '#status': 'status', '#attempts': 'attempts', '#due': 'due', '#new': 'new' },
      ExpressionAttributeValues: { ':done': { S: 'SUCCESS' }, ':one': { N: '1' } },
    };
    const expression = 'SET #status = :done, #attempts = #attempts + :one, #new = :one REMOVE #due';
    expect(updated(expression, ITEM, placeholders)).toEqual({
      pk: { S: 'a' },
      status: { S: 'SUCCESS' },
      round: { N: '10' },
      attempts: { N: '3' },
      new: { N: '1' },
    });
    expect(ITEM.status).toEqual({ S: 'QUEUED' });
  });

  test('adds to what is not there as to 0', () => {
    const placeholders = { ExpressionAttributeValues: { ':two': { N: '2' }, ':x': { S: 'x' } } };
    expect(updated('ADD count :two SET name = :x', { pk: { S: 'a' } }, placeholders)).toEqual({
      pk: { S: 'a' },
      count: { N: '2' },
      name: { S: 'x' },
    });
  });
});

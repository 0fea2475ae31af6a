import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { METRICS } from '@millrace/core';
import { createEmfMetrics } from '@millrace/core/aws';
import fc from 'fast-check';
import { type EmfLine, emfProblems } from './support/emf-rules.ts';

let written: string[];

beforeEach(() => {
  written = [];
  // A warning of the library is no line of metrics, and would be seen here.
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  }
});
afterEach(() => {
  jest.restoreAllMocks();
  delete process.env['AWS_LAMBDA_INITIALIZATION_TYPE'];
});

/** What was written since the last call, each line checked. */
function lines(): EmfLine[] {
  const texts = written.splice(0).join('').split('\n').slice(0, -1);
  return texts.map((text) => {
    const line = JSON.parse(text);
    expect(emfProblems(line)).toEqual([]);
    expect(text.length).toBeLessThan(256 * 1_024);
    return line;
  });
}

function create() {
  const metrics = createEmfMetrics({ namespace: 'Millrace', service: 'delivery-worker' });
  metrics.flush();
  written.splice(0);
  return metrics;
}

const namesIn = (line: EmfLine): string[] =>
  line._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)).sort();

describe('metrics in the embedded metric format', () => {
  test('say at the first flush that the function started, and never again', () => {
    process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'on-demand';
    const metrics = createEmfMetrics({ namespace: 'Millrace', service: 'api' });
    expect(lines()).toEqual([]);
    metrics.flush();
    expect(lines()).toMatchObject([{ ColdStart: 1, service: 'api' }]);
    metrics.flush();
    expect(lines()).toEqual([]);
  });

  test('are sums of counters and lists of what was observed, in a line for each set of dimensions', () => {
    const metrics = create();
    metrics.count('accepted', {}, 3);
    metrics.count('accepted', {});
    metrics.observe('deliveryDuration', {}, 0.5);
    metrics.observe('deliveryDuration', {}, 1.5);
    metrics.set('backlog', 7);
    metrics.set('backlog', 8);
    metrics.count('refused', { result: 'invalid' });
    metrics.flush();
    expect(lines()).toMatchObject([
      {
        [METRICS.accepted.name]: 4,
        [METRICS.deliveryDuration.name]: [0.5, 1.5],
        [METRICS.backlog.name]: 8,
        service: 'delivery-worker',
        _aws: { CloudWatchMetrics: [{ Namespace: 'Millrace', Dimensions: [['service']] }] },
      },
      {
        [METRICS.refused.name]: 1,
        result: 'invalid',
        _aws: { CloudWatchMetrics: [{ Dimensions: [['service', 'result']] }] },
      },
    ]);
    metrics.flush();
    expect(lines()).toEqual([]);
  });

  test('do not tell which targets there are: each would be a metric that is paid for', () => {
    const metrics = create();
    metrics.count('delivered', { origin: 'https://a.example' });
    metrics.count('delivered', { origin: 'https://b.example' });
    metrics.flush();
    const [line, ...others] = lines();
    expect(others).toEqual([]);
    expect(line).toMatchObject({ [METRICS.delivered.name]: 2 });
    expect(JSON.stringify(line)).not.toContain('example');
  });

  test('lose no value, however many there are, and no line has too many', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 350 }), (values) => {
        const metrics = create();
        for (const value of values) metrics.observe('attemptDuration', { origin: 'https://a.example' }, value);
        metrics.count('attempts', { result: 'timeout', origin: 'https://a.example' }, values.length);
        metrics.flush();
        const all = lines();
        expect(all.flatMap((line) => line[METRICS.attemptDuration.name] ?? [])).toEqual(values);
        expect(all.map((line) => line[METRICS.attempts.name] ?? 0).filter(Boolean)).toEqual(
          values.length === 0 ? [] : [values.length],
        );
      }),
      { examples: [[Array.from({ length: 100 }, () => 1)], [Array.from({ length: 99 }, () => 1)]] },
    ));

  test('have a valid line for every metric that there is', () => {
    const metrics = create();
    for (const [id, { kind, labels }] of Object.entries(METRICS)) {
      const given = Object.fromEntries(labels.map((label) => [label, 'some']));
      if (kind === 'counter') metrics.count(id as 'refused', given as { result: string });
      if (kind === 'histogram') metrics.observe(id as 'deliveryDuration', given, 1);
      if (kind === 'gauge') metrics.set(id as 'backlog', 1);
    }
    metrics.flush();
    expect(lines().flatMap(namesIn).sort()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .sort(),
    );
  });
});

describe('the rules that the lines are held against', () => {
  const metric = { Name: 'a', Unit: 'Count' };
  const line = {
    _aws: { Timestamp: 1, CloudWatchMetrics: [{ Namespace: 'n', Dimensions: [['d']], Metrics: [metric] }] },
    d: 'x',
    a: 1,
  };
  const withDirective = (change: object) => ({
    ...line,
    _aws: { ...line._aws, CloudWatchMetrics: [{ ...line._aws.CloudWatchMetrics[0], ...change }] },
  });

  test('let a right one through', () => {
    expect(emfProblems(line)).toEqual([]);
  });

  test.each<[string, object]>([
    ['no metadata', { a: 1 }],
    ['a time that is no whole number', { ...line, _aws: { ...line._aws, Timestamp: '1' } }],
    ['no namespace', withDirective({ Namespace: '' })],
    ['dimensions that are not sets', withDirective({ Dimensions: ['d'] })],
    ['more dimensions than there may be', withDirective({ Dimensions: [Array.from({ length: 31 }, () => 'd')] })],
    ['a dimension without its value', withDirective({ Dimensions: [['other']] })],
    ['a dimension whose value is no text', { ...line, d: 1 }],
    ['a metric without its value', withDirective({ Metrics: [{ Name: 'b' }] })],
    ['a value that is no number', { ...line, a: 'x' }],
    ['too many values', { ...line, a: Array.from({ length: 101 }, () => 1) }],
    ['a unit that CloudWatch does not know', withDirective({ Metrics: [{ Name: 'a', Unit: 'Parsecs' }] })],
    ['too many metrics', withDirective({ Metrics: Array.from({ length: 101 }, () => metric) })],
  ])('refuse %s', (_, wrong) => {
    expect(emfProblems(wrong)).not.toEqual([]);
  });
});

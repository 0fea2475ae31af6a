import { describe, expect, test } from '@jest/globals';
import { type Counts, METRICS } from '@millrace/core';
import { createRecordingMetrics } from '@millrace/core/testing';
import fc from 'fast-check';
import { createBooks } from '../src/up/books.ts';
import { createGauges } from '../src/up/gauges.ts';
import { createPrometheusMetrics } from '../src/up/prometheus-metrics.ts';
import { parsePrometheus } from './support/prometheus-text.ts';

const family = async (metrics: ReturnType<typeof createPrometheusMetrics>, name: string) =>
  parsePrometheus(await metrics.render()).get(name);

describe('the metrics of one machine', () => {
  test('are told in the format of Prometheus, every one with its type and its help', async () => {
    const metrics = createPrometheusMetrics();
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = parsePrometheus(await metrics.render());
    const described = [...families.values()].map(({ name, type, help }) => ({ name, kind: type, help }));
    expect(described).toEqual(Object.values(METRICS).map(({ name, kind, help }) => ({ name, kind, help })));
  });

  test('are what was counted, observed and set, by their labels', async () => {
    const metrics = createPrometheusMetrics();
    metrics.count('accepted', {}, 2);
    metrics.count('accepted', {});
    metrics.count('deadLettered', { reason: 'gone', origin: 'https://a.example' });
    metrics.observe('attemptDuration', { origin: 'https://a.example' }, 0.02);
    metrics.set('backlog', 7);
    metrics.set('backlog', 3);
    const values = async (name: string) =>
      (await family(metrics, name))?.samples.map(({ labels, value }) => [labels, value]);
    expect(await values(METRICS.accepted.name)).toEqual([[{}, 3]]);
    expect(await values(METRICS.backlog.name)).toEqual([[{}, 3]]);
    expect(await values(METRICS.deadLettered.name)).toEqual([[{ reason: 'gone', origin: 'https://a.example' }, 1]]);
    const buckets = await family(metrics, METRICS.attemptDuration.name);
    const upTo = (le: string) => buckets?.samples.find(({ labels }) => labels['le'] === le)?.value;
    expect([upTo('0.01'), upTo('0.025'), upTo('+Inf')]).toEqual([0, 1, 1]);
  });

  test('can be read whatever an origin is called, and lose no count of it', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.nat(9)), { maxLength: 20 }),
        async (counts) => {
          const metrics = createPrometheusMetrics();
          for (const [origin, by] of counts) metrics.count('delivered', { origin }, by);
          const samples = (await family(metrics, METRICS.delivered.name))?.samples ?? [];
          const told = new Map(samples.map(({ labels, value }) => [labels['origin'], value]));
          for (const [origin] of counts) {
            const sum = counts.filter(([other]) => other === origin).reduce((all, [, by]) => all + by, 0);
            expect(told.get(origin)).toBe(sum);
          }
        },
      ),
    ));

  test('keep 50 targets apart and put the others together, so that they do not grow with what comes', async () => {
    const metrics = createPrometheusMetrics();
    for (let target = 0; target < 500; target++) {
      metrics.count('delivered', { origin: `https://t${target}.example` });
      metrics.observe('attemptDuration', { origin: `https://t${target}.example` }, 1);
    }
    const samples = (await family(metrics, METRICS.delivered.name))?.samples ?? [];
    expect(samples).toHaveLength(51);
    expect(samples.find(({ labels }) => labels['origin'] === 'other')?.value).toBe(450);
    const counts = (await family(metrics, METRICS.attemptDuration.name))?.samples.filter(({ name }) =>
      name.endsWith('_count'),
    );
    expect(counts).toHaveLength(51);
  });

  test('are set anew before they are told', async () => {
    const metrics = createPrometheusMetrics({ beforeRender: () => Promise.resolve(metrics.set('inFlight', 4)) });
    expect((await family(metrics, METRICS.inFlight.name))?.samples).toMatchObject([{ value: 4 }]);
  });
});

describe('the strict reader of metrics', () => {
  const HEAD = '# HELP a_total What it is.\n# TYPE a_total counter\n';

  test('reads what is right', () => {
    expect(parsePrometheus(`${HEAD}a_total{x="1\\"2\\\\3\\n",y=""} 1e+3\n`).get('a_total')?.samples).toEqual([
      { name: 'a_total', labels: { x: '1"2\\3\n', y: '' }, value: 1_000 },
    ]);
  });

  test.each([
    ['a text without an end', `${HEAD}a_total 1`],
    ['a sample without a type', 'a_total 1\n'],
    ['a sample of another family', `${HEAD}b_total 1\n`],
    ['a value that is no number', `${HEAD}a_total one\n`],
    ['a label that does not end', `${HEAD}a_total{x="1} 1\n`],
    ['a label given twice', `${HEAD}a_total{x="1",x="2"} 1\n`],
    ['a series given twice', `${HEAD}a_total 1\na_total 2\n`],
    ['a type that there is not', '# HELP a x\n# TYPE a number\n'],
    [
      'a histogram that shrinks',
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrometheus(text)).toThrow();
  });
});

describe('the gauges', () => {
  test('are measured when someone looks', async () => {
    const metrics = createRecordingMetrics();
    const counts: Counts = { accepted: 9, succeeded: 4, failed: 1, waiting: 3 };
    let oldestDue: number | null = 1_000;
    const gauges = createGauges({
      ...{ metrics, books: () => Promise.resolve(counts), inFlight: () => 2, clock: { now: () => 61_000 } },
      store: { oldestDue: () => Promise.resolve(oldestDue) },
    });
    try {
      await gauges.measure();
      const read = () =>
        (['backlog', 'booksDifference', 'oldestDueAge', 'inFlight'] as const).map((id) => metrics.value(id));
      expect(read()).toEqual([3, 1, 60, 2]);
      expect(metrics.value('processMemory')).toBeGreaterThan(10_000_000);
      expect(metrics.value('eventLoopLag')).toBeGreaterThanOrEqual(0);
      oldestDue = null;
      await gauges.measure();
      expect(metrics.value('oldestDueAge')).toBe(0);
    } finally {
      gauges.close();
    }
  });
});

describe('the books', () => {
  test('are counted once for all who ask within some seconds, and anew after an error', async () => {
    let now = 0;
    let counted = 0;
    let fails = false;
    const counts = (): Promise<Counts> => {
      counted += 1;
      return fails
        ? Promise.reject(new Error('busy'))
        : Promise.resolve({ accepted: counted, succeeded: 0, failed: 0, waiting: 0 });
    };
    const books = createBooks({ counts }, { now: () => now });
    const [one, other] = await Promise.all([books(), books()]);
    expect([one.accepted, other.accepted]).toEqual([1, 1]);
    now = 4_999;
    expect((await books()).accepted).toBe(1);
    now = 5_000;
    expect((await books()).accepted).toBe(2);
    now = 0;
    expect((await books()).accepted).toBe(3);
    now = 10_000;
    fails = true;
    await expect(books()).rejects.toThrow('busy');
    fails = false;
    expect((await books()).accepted).toBe(5);
  });
});

import type { MetricId, Metrics } from '../ports/metrics.ts';

type Labels = Readonly<Record<string, string>>;

export interface RecordingMetrics extends Metrics {
  /** The sum of a counter over all series whose labels have these values. */
  total(id: MetricId, labels?: Labels): number;
  /** What was observed, oldest first. */
  observed(id: MetricId): readonly number[];
  /** What a gauge was set to last. */
  value(id: MetricId): number | undefined;
}

/** Metrics that a test can ask. */
export function createRecordingMetrics(): RecordingMetrics {
  const counted: { id: MetricId; labels: Labels; by: number }[] = [];
  const observations: { id: MetricId; value: number }[] = [];
  const gauges = new Map<MetricId, number>();
  return {
    count: (id, labels, by = 1) => void counted.push({ id, labels, by }),
    observe: (id, _, value) => void observations.push({ id, value }),
    set: (id, value) => void gauges.set(id, value),
    total: (id, labels = {}) =>
      counted
        .filter((one) => one.id === id && Object.entries(labels).every(([name, value]) => one.labels[name] === value))
        .reduce((sum, { by }) => sum + by, 0),
    observed: (id) => observations.filter((one) => one.id === id).map(({ value }) => value),
    value: (id) => gauges.get(id),
  };
}

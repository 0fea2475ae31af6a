/** `Metrics` as lines of the log that CloudWatch reads: its embedded metric format. */

import { MetricUnit, Metrics as Powertools } from '@aws-lambda-powertools/metrics';
import { METRICS, type MetricId, type Metrics, OPEN_LABELS } from '../ports/metrics.ts';

export interface EmfMetricsOptions {
  /** Of CloudWatch: the system that is measured. */
  readonly namespace: string;
  /** Which part of it. */
  readonly service: string;
}

export interface EmfMetrics extends Metrics {
  /** Writes what was measured since the last call, and at the first one whether the function had to start. */
  flush(): void;
}

/** Of one set of dimensions: each set is a line of its own. */
interface Series {
  readonly dimensions: readonly (readonly [name: string, value: string])[];
  readonly sums: Map<MetricId, number>;
  readonly values: Map<MetricId, number[]>;
}

const UNITS = { count: MetricUnit.Count, seconds: MetricUnit.Seconds, bytes: MetricUnit.Bytes } as const;
/** CloudWatch takes 100 values of a metric in a line; at 100 the library writes the line by itself. */
const MOST_VALUES = 99;

/** Labels whose values come from messages are left out: each value would be a metric that is paid for. */
export function createEmfMetrics({ namespace, service }: EmfMetricsOptions): EmfMetrics {
  const powertools = new Powertools({ namespace, serviceName: service });
  const all = new Map<string, Series>();

  function seriesOf(labels: Readonly<Record<string, string>>): Series {
    const dimensions = Object.entries(labels).filter(([name]) => !OPEN_LABELS.includes(name));
    const key = JSON.stringify(dimensions);
    const series = all.get(key) ?? { dimensions, sums: new Map(), values: new Map() };
    all.set(key, series);
    return series;
  }

  function publish({ dimensions, sums, values }: Series): void {
    const lines = Math.max(1, ...[...values.values()].map(({ length }) => Math.ceil(length / MOST_VALUES)));
    for (let line = 0; line < lines; line++) {
      for (const [name, value] of dimensions) powertools.addDimension(name, value);
      if (line === 0) for (const [id, sum] of sums) add(id, sum);
      for (const [id, list] of values) {
        for (const value of list.slice(line * MOST_VALUES, (line + 1) * MOST_VALUES)) add(id, value);
      }
      powertools.publishStoredMetrics();
    }
  }

  function add(id: MetricId, value: number): void {
    const { name, unit } = METRICS[id];
    powertools.addMetric(name, UNITS[unit], value);
  }

  return {
    count(id, labels, by = 1) {
      const { sums } = seriesOf(labels);
      sums.set(id, (sums.get(id) ?? 0) + by);
    },
    observe(id, labels, value) {
      const { values } = seriesOf(labels);
      const list = values.get(id);
      if (list === undefined) values.set(id, [value]);
      else list.push(value);
    },
    set(id, value) {
      seriesOf({}).sums.set(id, value);
    },
    flush() {
      powertools.captureColdStartMetric();
      for (const series of all.values()) publish(series);
      all.clear();
    },
  };
}

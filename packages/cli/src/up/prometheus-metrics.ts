/** `Metrics` as text for Prometheus. */

import { METRICS, type MetricDefinition, type Metrics, OPEN_LABELS } from '@millrace/core';
import type { MetricsText } from '@millrace/ingest-api';
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';

export interface PrometheusMetrics extends Metrics, MetricsText {}

export interface PrometheusOptions {
  /** Called before the metrics are told, to set the gauges. What it throws is the error of the call. */
  readonly beforeRender?: () => Promise<void>;
}

/** Values of a label that messages choose which get series of their own: the first ones. */
const MOST_VALUES = 50;
/** In place of the others. */
const OTHER = 'other';

export function createPrometheusMetrics({ beforeRender }: PrometheusOptions = {}): PrometheusMetrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, Gauge>();
  for (const [id, definition] of Object.entries<MetricDefinition>(METRICS)) {
    const { kind, name, help, labels, buckets = [] } = definition;
    const shared = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'counter') counters.set(id, new Counter(shared));
    else if (kind === 'gauge') gauges.set(id, new Gauge(shared));
    else histograms.set(id, new Histogram({ ...shared, buckets: [...buckets] }));
  }
  const bound = createLabelBound();

  return {
    count: (id, labels, by = 1) => counters.get(id)?.inc(bound(labels), by),
    observe: (id, labels, value) => histograms.get(id)?.observe(bound(labels), value),
    set: (id, value) => gauges.get(id)?.set(value),
    contentType: registry.contentType,
    async render() {
      await beforeRender?.();
      return await registry.metrics();
    },
  };
}

/** Keeps the number of series within bounds, whatever messages come. */
function createLabelBound() {
  const known = new Map(OPEN_LABELS.map((name) => [name, new Set<string>()]));

  function isKept(values: Set<string>, value: string): boolean {
    if (values.has(value)) return true;
    if (values.size >= MOST_VALUES) return false;
    values.add(value);
    return true;
  }

  return (labels: Readonly<Record<string, string>>): Record<string, string> => {
    const bounded: Record<string, string> = { ...labels };
    for (const [name, values] of known) {
      const value = bounded[name];
      if (value !== undefined && !isKept(values, value)) bounded[name] = OTHER;
    }
    return bounded;
  };
}

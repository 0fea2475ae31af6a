/**
 * Reads the text format of Prometheus, version 0.0.4, as strictly as its description is
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), and checks that histograms are sound.
 */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const NUMBER = /^([+-]?\d+([.]\d+)?(e[+-]?\d+)?|[+-]Inf|NaN)$/i;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };

/** @throws Error at the first line that is wrong */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current: { name: string; type: string; help: string; samples: Sample[] } | undefined;
  for (const line of text.split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (line === '') continue;
    if (keyword === 'HELP') {
      if (!NAME.test(name) || helps.has(name)) fail('a wrong or second HELP');
      helps.set(name, rest);
    } else if (keyword === 'TYPE') {
      if (!NAME.test(name) || !TYPES.includes(rest) || families.has(name)) fail('a wrong or second TYPE');
      current = { name, type: rest, help: helps.get(name) ?? fail('TYPE without HELP'), samples: [] };
      families.set(name, current);
    } else if (!line.startsWith('#')) {
      const sample = parseSample(line) ?? fail('no sample');
      const family = current ?? fail('a sample before its TYPE');
      const names = (SUFFIXES[family.type] ?? ['']).map((suffix) => family.name + suffix);
      if (!names.includes(sample.name)) fail(`a sample of another family than ${family.name}`);
      const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) fail('a second sample of one series');
      seen.add(series);
      family.samples.push(sample);
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') assertHistogram(family);
  return families;
}

function parseSample(line: string): Sample | undefined {
  const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (!NUMBER.test(value)) return undefined;
  const labels: Record<string, string> = {};
  for (let rest = labelText; rest !== ''; ) {
    const [match, label = '', quoted = ''] = LABEL.exec(rest) ?? [];
    if (match === undefined || label in labels) return undefined;
    labels[label] = quoted.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(match.length);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

/** Buckets grow, and the last of them holds all that was counted. */
function assertHistogram({ name, samples }: Family): void {
  const bySeries = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels));
  for (const [series, group] of bySeries) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')));
    const counts = buckets.map(({ value }) => value);
    const total = group.find((sample) => sample.name === `${name}_count`)?.value;
    const isGrowing = (list: readonly number[]) => list.every((one, i) => i === 0 || one >= (list[i - 1] ?? 0));
    const isSound = isGrowing(bounds) && isGrowing(counts) && bounds.at(-1) === Infinity && counts.at(-1) === total;
    if (!isSound) throw new Error(`the histogram ${name} ${series} is not sound`);
  }
}

/**
 * The rules of the embedded metric format, after its specification:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

export interface EmfLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

const UNITS =
  /^(Seconds|Microseconds|Milliseconds|(Kilo|Mega|Giga|Tera)?(Bytes|Bits|bytes|bits)(\/Second)?|Percent|Count(\/Second)?|None)$/;
const MOST = { dimensions: 30, metrics: 100, values: 100, name: 1_024, dimension: 250 } as const;

/** What is wrong with a line; empty when CloudWatch takes it. */
export function emfProblems(line: unknown): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): boolean => {
    if (!holds) problems.push(problem);
    return holds;
  };
  if (!check(isObject(line) && isObject(line['_aws']), 'no _aws')) return problems;
  const root = line as EmfLine;
  const { Timestamp, CloudWatchMetrics } = root._aws;
  check(Number.isSafeInteger(Timestamp) && Timestamp > 0, 'Timestamp is not milliseconds');
  if (!check(Array.isArray(CloudWatchMetrics), 'CloudWatchMetrics is not an array')) return problems;
  for (const { Namespace, Dimensions, Metrics } of CloudWatchMetrics) {
    check(isText(Namespace, MOST.name), 'Namespace is not a name');
    const areSets = Array.isArray(Dimensions) && Dimensions.length > 0 && Dimensions.every(Array.isArray);
    if (check(areSets, 'Dimensions are not sets')) {
      for (const set of Dimensions) {
        check(set.length <= MOST.dimensions, 'a set has too many dimensions');
        for (const name of set) {
          check(isText(name, MOST.dimension) && isText(root[name], MOST.name), `the dimension ${name} has no value`);
        }
      }
    }
    check(Array.isArray(Metrics) && Metrics.length > 0 && Metrics.length <= MOST.metrics, 'too many metrics, or none');
    for (const { Name, Unit = 'None', ...others } of Metrics) {
      check(isText(Name, MOST.name) && UNITS.test(Unit), `${Name} has no name, or its unit is not known`);
      check(
        Object.keys(others).every((member) => member === 'StorageResolution'),
        `${Name} has unknown members`,
      );
      const values: readonly unknown[] = [root[Name]].flat();
      const areNumbers = values.length > 0 && values.every((value) => Number.isFinite(value));
      check(areNumbers && values.length <= MOST.values, `${Name} has no values, or too many`);
    }
  }
  return problems;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= most;
}

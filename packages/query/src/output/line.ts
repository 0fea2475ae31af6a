/** A line over an axis of numbers or of time, with a few marks on both axes. */

import { plot } from 'simple-ascii-chart';
import { formatNumber } from './bars.ts';

export type AxisKind = 'number' | 'day' | 'time';

export interface LineOptions {
  readonly title: string;
  readonly axis: AxisKind;
  readonly width: number;
}

const HEIGHT = 16;
const LEAST_WIDTH = 20;
const DAY_MS = 86_400_000;
/** Of a mark on the lower axis, and the space behind it. */
const MARK_WIDTH = 16;
/** Beside the line: the axis, its end, and half a mark. */
const MARGIN = 10;
const STEPS_UP = 4;

/** @param points from left to right, at least two; of a time, `x` is epoch milliseconds */
export function renderLine(points: readonly (readonly [x: number, y: number])[], options: LineOptions): string {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(0, ...ys), Math.max(0, ...ys)];
  const upMarks = roundMarks(low, high);
  const labelWidth = Math.max(...upMarks.map((mark) => formatNumber(mark).length));
  const width = Math.max(LEAST_WIDTH, options.width - labelWidth - MARGIN);
  const isLong = right - left >= 2 * DAY_MS;
  const text = plot(
    points.map(([x, y]): [number, number] => [x, y]),
    {
      width,
      height: HEIGHT,
      yRange: [upMarks.at(0) ?? low, upMarks.at(-1) ?? high],
      customXAxisTicks: marksBetween(left, right, Math.max(1, Math.floor(width / MARK_WIDTH))),
      customYAxisTicks: upMarks,
      formatter: (value, { axis }) => (axis === 'x' ? formatX(value, options.axis, isLong) : formatNumber(value)),
    },
  );
  const lines = text.split('\n').map((line) => line.trimEnd());
  return `${[options.title, ...lines.filter((line) => line !== '')].join('\n')}\n`;
}

function marksBetween(from: number, to: number, steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, index) => from + ((to - from) * index) / steps);
}

/** Round numbers, at least two, of which the first is not above `low` and the last not below `high`. */
function roundMarks(low: number, high: number): number[] {
  const least = (high - low || 1) / STEPS_UP;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= least) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Times in UTC; the clock alone would not tell days apart. */
function formatX(value: number, axis: AxisKind, isLong: boolean): string {
  if (axis === 'number') return formatNumber(value);
  const iso = new Date(value).toISOString();
  return isLong || axis === 'day' ? iso.slice(0, 10) : iso.slice(5, 16).replace('T', ' ');
}

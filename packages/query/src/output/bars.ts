/** Bars from left to right, one on each line, with what they stand for before and their value behind them. */

export interface Bar {
  readonly label: string;
  /** Undefined: no value, no bar. */
  readonly value: number | undefined;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const FULL = '█';
/** Of the width, for labels. */
const LABEL_SHARE = 0.4;

/** Lengths begin at 0; a negative value has no bar, its number says it. */
export function renderBars(bars: readonly Bar[], options: { readonly title: string; readonly width: number }): string {
  if (bars.length === 0) return `${options.title}\n(no rows)\n`;
  const labels = bars.map(({ label }) => shorten(label, Math.floor(options.width * LABEL_SHARE)));
  const values = bars.map(({ value }) => (value === undefined ? '–' : formatNumber(value)));
  const labelWidth = Math.max(...labels.map(lengthOf));
  const valueWidth = Math.max(...values.map(lengthOf));
  const room = Math.max(1, options.width - labelWidth - valueWidth - 2);
  const longest = Math.max(...bars.map(({ value }) => value ?? 0));
  const lines = bars.map(({ value = 0 }, index) => {
    const bar = longest > 0 ? barOf((value / longest) * room) : '';
    return `${padEnd(labels[index] ?? '', labelWidth)} ${bar}${bar === '' ? '' : ' '}${values[index]}`;
  });
  return `${[options.title, ...lines].join('\n')}\n`;
}

/** Up to six digits, thousands apart. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: Number.isInteger(value) ? 21 : 6 });
}

/** What is not nothing shows. */
function barOf(length: number): string {
  const eighths = length > 0 ? Math.max(1, Math.round(length * 8)) : 0;
  return FULL.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

function shorten(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)));
}

/** Tables that fit the terminal. */

import { shortenEnd, shortenMiddle, textWidth } from './format.ts';

export interface Column<Row> {
  readonly title: string;
  /** Plain text without line breaks. */
  readonly text: (row: Row) => string;
  /** Colours a cell after it has its width. */
  readonly paint?: (cell: string, row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be cut to that many characters when the table is too wide; the lowest order is cut first. */
  readonly shrink?: { readonly to: number; readonly keep: 'ends' | 'start'; readonly order: number };
  /** May be left out when cutting is not enough; the lowest number goes first. */
  readonly dropOrder?: number;
}

export interface TableOptions {
  /** Characters a line may hold; undefined: as many as it takes (a file or a pipe). */
  readonly width?: number | undefined;
  readonly paintTitle?: (title: string) => string;
}

const GAP = '  ';

/** Lines with a line break after each; the last column is not padded. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string {
  const width = options.width ?? Number.POSITIVE_INFINITY;
  const natural = columns.map((column) => ({
    column,
    width: Math.max(textWidth(column.title), ...rows.map((row) => textWidth(column.text(row)))),
  }));
  const fitted = fitColumns(natural, width);
  const paintTitle = options.paintTitle ?? ((title) => title);
  const titles = renderLine(fitted, (column) => ({ text: column.title, paint: paintTitle }));
  const lines = rows.map((row) =>
    renderLine(fitted, (column) => ({ text: column.text(row), paint: (cell) => column.paint?.(cell, row) ?? cell })),
  );
  return [titles, ...lines].map((line) => `${line}\n`).join('');
}

interface Sized<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** Cuts columns, then drops columns, until the table fits or nothing more can go. */
function fitColumns<Row>(sized: readonly Sized<Row>[], width: number): readonly Sized<Row>[] {
  let excess = totalWidth(sized) - width;
  const widths = new Map(sized.map((item) => [item, item.width]));
  for (const item of sized.toSorted((a, b) => (a.column.shrink?.order ?? 0) - (b.column.shrink?.order ?? 0))) {
    const least = Math.min(item.width, item.column.shrink?.to ?? item.width);
    const by = Math.max(0, Math.min(excess, item.width - least));
    excess -= by;
    widths.set(item, item.width - by);
  }
  const cut = sized.map((item) => ({ column: item.column, width: widths.get(item) ?? item.width }));
  if (excess <= 0) return cut;
  const [first] = sized
    .filter((item) => item.column.dropOrder !== undefined)
    .toSorted((a, b) => (a.column.dropOrder ?? 0) - (b.column.dropOrder ?? 0));
  if (first === undefined) return cut;
  return fitColumns(
    sized.filter((item) => item !== first),
    width,
  );
}

function totalWidth(sized: readonly { readonly width: number }[]): number {
  return sized.reduce((sum, item) => sum + item.width, GAP.length * Math.max(0, sized.length - 1));
}

function renderLine<Row>(
  sized: readonly Sized<Row>[],
  cellOf: (column: Column<Row>) => { readonly text: string; readonly paint: (cell: string) => string },
): string {
  const cells = sized.map(({ column, width }, index) => {
    const { text, paint } = cellOf(column);
    const shortened = column.shrink?.keep === 'ends' ? shortenMiddle(text, width) : shortenEnd(text, width);
    const padding = ' '.repeat(width - textWidth(shortened));
    if (column.align === 'right') return padding + paint(shortened);
    return index === sized.length - 1 ? paint(shortened) : paint(shortened) + padding;
  });
  return cells.join(GAP).trimEnd();
}

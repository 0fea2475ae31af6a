import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cleanText,
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  shortenEnd,
  shortenMiddle,
  textWidth,
} from '../src/term/format.ts';
import { createProgress, renderBar } from '../src/term/progress.ts';
import { type Column, renderTable } from '../src/term/table.ts';

const anyText = fc.string({ unit: 'binary' });

describe('texts for people', () => {
  test('numbers are grouped, and agree with their noun', () => {
    expect([formatCount(1_234_567), formatAmount(1, 'message'), formatAmount(1_200, 'message')]).toEqual([
      '1,234,567',
      '1 message',
      '1,200 messages',
    ]);
  });

  test('bytes are in the unit that keeps them short', () => {
    const sizes = [0, 999, 1_000, 12_340, 999_949, 999_950, 1_500_000_000, 2e15];
    const texts = ['0 B', '999 B', '1.0 kB', '12.3 kB', '999.9 kB', '1.0 MB', '1.5 GB', '2000.0 TB'];
    expect(sizes.map(formatBytes)).toEqual(texts);
  });

  test('times are local, to the second', () => {
    expect(formatTime('2026-11-22T10:00:59.999Z', 0)).toBe('2026-11-22 10:00:59');
    expect(formatTime('2026-11-22T23:30:00Z', 90)).toBe('2026-11-23 01:00:00');
    expect(formatTime('2026-11-22T00:30:00Z', -300)).toBe('2026-11-21 19:30:00');
    expect(formatTime('no\u001b[1m time')).toBe('no time');
  });

  test('durations have the unit that suits them', () => {
    expect([0, 999.4, 3_240, 59_900, 125_000].map(formatDuration)).toEqual([
      '0 ms',
      '999 ms',
      '3.2 s',
      '59.9 s',
      '2 min 5 s',
    ]);
  });

  test('no text from elsewhere keeps a character that could steer a terminal or break a line', () => {
    const steering = fc.constantFrom('\u001b[2J', '\u001b]0;title\u0007', '\r', '\n', '\u009b1m', '\u202e', '\u2028');
    const mixed = fc.array(fc.oneof(anyText, steering)).map((parts) => parts.join(''));
    fc.assert(fc.property(mixed, (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(cleanText(text))));
  });

  test('cleaning keeps what can be read, and is done once', () => {
    expect(cleanText(' a\u001b[31mb\r\n\tc\u00a0\u00e9 ')).toBe('ab c\u00a0\u00e9');
    fc.assert(fc.property(anyText, (text) => cleanText(cleanText(text)) === cleanText(text)));
  });

  test('shortening in the middle keeps both ends, and never exceeds the width', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
        const short = shortenMiddle(text, width);
        expect(textWidth(short)).toBe(Math.min(width, textWidth(text)));
        if (textWidth(text) <= width) return expect(short).toBe(text);
        const [head = '', tail = ''] = [short.slice(0, short.indexOf('…')), short.slice(short.indexOf('…') + 1)];
        // The text may hold the mark itself; then it is not known where the cut is.
        if (text.includes('…')) return;
        expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
        expect(textWidth(head) - textWidth(tail)).toBeGreaterThanOrEqual(0);
        return expect(textWidth(head) - textWidth(tail)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('shortening at the end never exceeds the width', () => {
    expect(shortenEnd('abcdef', 4)).toBe('abc…');
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(textWidth(shortenEnd(text, width))).toBe(Math.min(width, textWidth(text)));
      }),
    );
  });
});

describe('tables', () => {
  interface Row {
    readonly id: string;
    readonly url: string;
    readonly tries: string;
  }
  const columns: readonly Column<Row>[] = [
    { title: 'ID', text: ({ id }) => id },
    { title: 'URL', text: ({ url }) => url, shrink: { to: 9, keep: 'ends', order: 1 } },
    { title: 'TRIES', text: ({ tries }) => tries, align: 'right', dropOrder: 1 },
  ];

  test('align their columns, and colour a cell after it has its width', () => {
    const painted: Column<Row>[] = columns.map((column) => ({ ...column, paint: (cell) => `<${cell}>` }));
    const rows = [
      { id: 'a', url: 'x://1', tries: '1/3' },
      { id: 'bcd', url: '', tries: '10/20' },
    ];
    expect(renderTable(painted, rows, {})).toBe(
      ['ID   URL    TRIES', '<a>    <x://1>    <1/3>', '<bcd>  <>       <10/20>', ''].join('\n'),
    );
  });

  test('cut what may be cut before they drop a column', () => {
    const rows = [{ id: 'abc', url: 'https://x.example/hook', tries: '1/3' }];
    expect(renderTable(columns, rows, { width: 25 })).toBe('ID   URL            TRIES\nabc  https:…e/hook    1/3\n');
    expect(renderTable(columns, rows, { width: 18 })).toBe('ID   URL\nabc  https:…e/hook\n');
  });

  test('fit any width that their least columns fit, and are whole without a width', () => {
    const text = fc.stringMatching(/^[!-~]{0,30}$/);
    const row = fc.record({ id: fc.stringMatching(/^[!-~]{0,8}$/), url: text, tries: text });
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 8 + 2 + 9, max: 90 }), (rows, width) => {
        const lines = renderTable(columns, rows, { width }).split('\n');
        expect(lines).toHaveLength(rows.length + 2);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        const whole = renderTable(columns, rows, {});
        for (const { id, url, tries } of rows) for (const cell of [id, url, tries]) expect(whole).toContain(cell);
      }),
    );
  });
});

describe('progress', () => {
  function watch(isTTY: boolean) {
    const written: string[] = [];
    let now = 0;
    const progress = createProgress({ write: (text) => written.push(text), isTTY, columns: 10 }, () => now);
    return { progress, written, at: (ms: number) => (now = ms) };
  }

  test('is drawn ten times a second at most, cut to the width of the terminal', () => {
    const { progress, written, at } = watch(true);
    for (let ms = 0; ms < 1_000; ms += 10) {
      at(ms);
      progress.show(() => `${ms} of a long text`);
    }
    expect(written).toHaveLength(10);
    expect(written[1]).toBe('\r\u001b[K100 of a…');
  });

  test('makes room for a line that stays, and leaves nothing behind', () => {
    const { progress, written } = watch(true);
    progress.show(() => 'text');
    progress.log('line');
    progress.end();
    progress.show(() => 'text');
    progress.end();
    expect(written).toEqual(['\r\u001b[Ktext', '\r\u001b[K', 'line\n', '\r\u001b[Ktext', '\r\u001b[K']);
  });

  test('writes nothing but lines where nobody watches', () => {
    const { progress, written } = watch(false);
    progress.show(() => 'text');
    progress.log('line');
    progress.end();
    expect(written).toEqual(['line\n']);
  });

  test('a bar is full at the end only', () => {
    expect([0, 0.5, 0.999, 1, 7].map(renderBar)).toEqual([
      `${'░'.repeat(20)}   0%`,
      `${'█'.repeat(10)}${'░'.repeat(10)}  50%`,
      `${'█'.repeat(19)}░  99%`,
      `${'█'.repeat(20)} 100%`,
      `${'█'.repeat(20)} 100%`,
    ]);
  });
});

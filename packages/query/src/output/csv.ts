import { type QueryResult, rowsOf } from '../engine/result.ts';
import { toText } from './values.ts';

const LINE_END = '\r\n';
const NEEDS_QUOTES = /[",\r\n]/;

/** As RFC 4180 has it, with a line of names. NULL is an empty field, an empty text is `""`. */
export async function* csvText({ columns, blocks }: QueryResult): AsyncGenerator<string> {
  yield columns.map(({ name }) => field(name)).join(',') + LINE_END;
  for await (const block of blocks) {
    let text = '';
    for (const row of rowsOf(block)) {
      text += row.map((value) => (value === null ? '' : field(toText(value)))).join(',') + LINE_END;
    }
    yield text;
  }
}

function field(text: string): string {
  return text === '' || NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

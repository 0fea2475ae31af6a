import { type QueryResult, rowsOf } from '../engine/result.ts';
import { toJson } from './values.ts';

/** An array of objects, one on each line; values as `toJson` says. */
export async function* jsonText({ columns, blocks }: QueryResult): AsyncGenerator<string> {
  let before = '[\n';
  for await (const block of blocks) {
    let text = '';
    for (const row of rowsOf(block)) {
      const object = Object.fromEntries(columns.map(({ name }, index) => [name, toJson(row[index] ?? null)]));
      text += `${before}${JSON.stringify(object)}`;
      before = ',\n';
    }
    yield text;
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}

import { expect, test } from '@jest/globals';
import { startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

/** Lambda passes on 6 MB, and the text of an answer is quoted once more there. */
const MOST_BYTES = 2 * 1_024 * 1_024;

const names = (count: number, length: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}"`.padEnd(length, '"'), 0]));

test('the answer to a batch stays small when all its messages have a thousand faults', async () => {
  const { client } = await startApi();
  const messages = Array.from({ length: 100 }, () => messageJson(names(1_000, 6)));
  const answer = await client.post('/messages', { messages });
  expect(answer.status).toBe(207);
  expect(answer.text.length).toBeLessThan(MOST_BYTES);
  const { results } = answer.json as { results: { problems: { message: string }[] }[] };
  for (const { problems } of results) {
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)?.message).toMatch(/^has \d+ more problems$/);
  }
});

test('one message that is wrong in a batch keeps as many problems as alone', async () => {
  const { client } = await startApi();
  const answer = await client.post('/messages', { messages: [messageJson(names(900, 6)), messageJson()] });
  const { results } = answer.json as { results: { problems: unknown[] }[] };
  expect(results[0]?.problems).toHaveLength(900);
});

test.each([
  ['an unknown field', (name: string) => messageJson({ [name]: 0 })],
  ['a header', (name: string) => messageJson({ headers: { [name]: 0 } })],
  ['a header in two cases', (name: string) => messageJson({ headers: { [`x${name}`]: '', [`X${name}`]: '' } })],
])('the answer stays small when the name of %s has megabytes', async (_, message) => {
  const { client } = await startApi();
  const answer = await client.post('/message', message('x'.repeat(2.5e6)));
  expect(answer.status).toBe(400);
  expect(answer.text.length).toBeLessThan(20_000);
});

test('the answer stays small when a member is given twice at a great depth', async () => {
  const { client } = await startApi();
  const depth = 50_000;
  const body = `{"a":${'[[0],'.repeat(depth)}{"b":1,"b":2}${']'.repeat(depth)}}`;
  const answer = await client.post('/message', body);
  expect(answer.status).toBe(400);
  expect(answer.text.length).toBeLessThan(20_000);
});

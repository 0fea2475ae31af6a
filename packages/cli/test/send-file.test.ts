import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batchAnswer, manyInputs, messageInput } from './support/messages.ts';
import { linesOf, runCli } from './support/run-cli.ts';
import { useSendServer } from './support/use-send-server.ts';

const api = useSendServer();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-send-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('send --file', () => {
  test('sends a file in batches of up to 100 lines, as NDJSON', async () => {
    const messages = manyInputs(250);
    const file = join(folder, 'messages.ndjson');
    writeFileSync(file, messages.map((message) => JSON.stringify(message)).join('\n'));
    const { code, stdout, stderr } = await runCli(['send', '--url', api.url(), '--file', file]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '250 lines: 250 accepted, 0 duplicates, in 0 ms\n',
      stderr: '',
    });
    expect(api.requests().map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /messages'));
    expect(new Set(api.requests().map(({ headers }) => headers['content-type']))).toEqual(
      new Set(['application/x-ndjson']),
    );
    expect(api.sentIds().flat().toSorted()).toEqual(messages.map(({ messageId }) => messageId).toSorted());
  });

  test('any list of messages arrives as the bytes of its lines, in order within batches within limits, each once', async () => {
    const breaks = fc.constantFrom('\n', '\r\n', '\n \n', '\n\n');
    api.script = ({ body }) => {
      const lines = body.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
      const results = Array.from({ length: lines }, (_, index) => ({ index, messageId: null, result: 'accepted' }));
      return { status: 202, json: { results } };
    };
    await fc.assert(
      fc.asyncProperty(
        messageLists(),
        breaks,
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        async (list, end, pieces, pauses) => {
          const before = api.requests().length;
          // Numbered, so that no two lines are equal.
          const lines = list.map((value, index) => JSON.stringify({ ...value, messageId: index + value.messageId }));
          const input = lines.map((line) => line + end).join('');
          const result = await api.sendStdin(inPieces(Buffer.from(input), pieces), ['--json'], { inputPauses: pauses });

          const batches = api
            .requests()
            .slice(before)
            .map(({ body }) => body.toString().split('\n').slice(0, -1));
          expect(batches.every((batch) => batch.length >= 1 && batch.length <= 100)).toBe(true);
          const sizes = api
            .requests()
            .slice(before)
            .map(({ body }) => body.length);
          expect(sizes.every((size) => size <= 5_000_000)).toBe(true);
          // Requests under way together may arrive in any order, so batches are compared by where they begin.
          const unsent = [...lines];
          const isNext = (batch: string[]) => batch.every((line, index) => line === unsent[index]);
          while (batches.length > 0) {
            const [batch = []] = batches.splice(batches.findIndex(isNext), 1);
            expect(batch).toEqual(unsent.splice(0, batch.length));
          }
          expect(unsent).toEqual([]);
          expect(result.code).toBe(0);
          expect(JSON.parse(result.stdout)).toMatchObject({ lines: lines.length, accepted: lines.length });
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  test('keeps batches below 5 MB, and sends a longer line by itself', async () => {
    const bodies = [2_000_000, 2_000_000, 2_000_000, 5_500_000, 100];
    const messages = bodies.map((size, index) => messageInput({ messageId: `m${index}`, body: 'x'.repeat(size) }));
    const { code } = await api.sendStdin(linesOf(...messages));
    expect(code).toBe(0);
    expect(api.sentIds().toSorted()).toEqual([['m0', 'm1'], ['m2'], ['m3'], ['m4']]);
  });

  test('has at most four requests under way, however long the input is, and reads one batch ahead of them', async () => {
    const gate = Promise.withResolvers<void>();
    let read = 0;
    let readBeforeAnswers = 0;
    let inFlight = 0;
    let most = 0;
    api.script = async ({ body }) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      if (inFlight === 4 && readBeforeAnswers === 0) {
        do {
          readBeforeAnswers = read;
          for (let turn = 0; turn < 20; turn++) await setImmediate();
        } while (readBeforeAnswers < read);
        gate.resolve();
      }
      await gate.promise;
      inFlight -= 1;
      return batchAnswer(body);
    };
    async function* stdin() {
      for await (const line of linesOf(...manyInputs(3_000))) {
        read += 1;
        yield line;
      }
    }
    const { code, stdout } = await api.sendStdin(stdin());
    expect({ code, most, readBeforeAnswers }).toEqual({ code: 0, most: 4, readBeforeAnswers: 500 });
    expect(stdout).toContain('3,000 lines: 3,000 accepted');
  });

  test('sends what it has when the input pauses', async () => {
    const answered = Promise.withResolvers<void>();
    api.script = ({ body }) => {
      answered.resolve();
      return batchAnswer(body);
    };
    async function* stdin() {
      yield* linesOf(messageInput({ messageId: 'first' }));
      await answered.promise;
      yield* linesOf(messageInput({ messageId: 'second' }));
    }
    const { code } = await api.sendStdin(stdin(), [], { inputPauses: true });
    expect(code).toBe(0);
    expect(api.sentIds()).toEqual([['first'], ['second']]);
  });

  test('an empty input is done at once', async () => {
    const { code, stdout } = await api.sendStdin(linesOf('', '  '));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0 lines: 0 accepted, 0 duplicates, in 0 ms\n' });
    expect(api.requests()).toEqual([]);
  });

  test('skips a byte order mark and the CR of CR LF', async () => {
    const { code } = await api.sendStdin(linesOf(`\ufeff${JSON.stringify(messageInput())}\r`));
    expect(code).toBe(0);
    expect(api.requests()[0]?.body.toString()).toBe(`${JSON.stringify(messageInput())}\n`);
  });
});

describe('lines that cannot be stored', () => {
  const INVALID: readonly (readonly [line: unknown, problem: string])[] = [
    ['{"messageId":', '$ is not JSON'],
    ['[]', '$ is not an object; expected a message'],
    [{ timestamp: '2026-11-22T09:00:00Z' }, '$.messageId is missing; expected given in every line'],
    [{ messageId: 'm' }, '(m): $.timestamp is missing; expected given in every line'],
    [{ messageId: 7, timestamp: 't' }, '$.messageId is not a string'],
    ['x'.repeat(6 * 1_024 * 1_024), '$ is too long to be sent; expected at most 6291455 bytes'],
  ];

  test('are reported with their number and are not sent, the others are', async () => {
    const lines = [...INVALID.map(([line]) => line), messageInput()];
    const { code, stdout, stderr } = await api.sendStdin(linesOf(...lines));
    INVALID.forEach(([, text], index) => {
      const line = stderr.split('\n').find((candidate) => candidate.startsWith(`line ${index + 1}`));
      expect(line).toContain(text);
    });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '7 lines: 1 accepted, 0 duplicates, 6 invalid, in 0 ms\n' });
    expect(api.sentIds()).toEqual([['order-42']]);
  });

  test('bytes that are not UTF-8 are such a line', async () => {
    async function* stdin() {
      yield await Promise.resolve(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    }
    const { code, stderr } = await api.sendStdin(stdin());
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'line 1: $ is not valid UTF-8; expected JSON in UTF-8\n' });
  });

  test('every problem that the server finds is reported with the number of its line, and in --json', async () => {
    const problems = [
      { path: '$.targetUrl', message: 'is missing', expected: 'an absolute URL' },
      { path: '$.method', message: 'is "GOT"' },
    ];
    api.script = ({ body }) =>
      batchAnswer(body, (_message, index) => {
        if (index === 1) return { result: 'invalid', problems };
        if (index === 2) return { result: 'conflict' };
        return index === 3 ? { result: 'duplicate' } : {};
      });
    const { code, stdout, stderr } = await api.sendStdin(linesOf('', ...manyInputs(5)), ['--json']);
    const conflict = 'conflict: a message with this identity and another content was accepted before';
    expect(stderr.split('\n')).toEqual([
      'line 3 (order-1): $.targetUrl is missing; expected an absolute URL',
      'line 3 (order-1): $.method is "GOT"',
      `line 4 (order-2): ${conflict}`,
      '',
    ]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      problems: [
        { line: 3, messageId: 'order-1', result: 'invalid', problems },
        { line: 4, messageId: 'order-2', result: 'conflict', problems: [] },
      ],
      lines: 5,
      accepted: 2,
      duplicates: 1,
      invalid: 1,
      conflicts: 1,
      notStored: 0,
      complete: true,
    });
  });

  test('the exit code is 1 when nothing was stored', async () => {
    api.script = ({ body }) => batchAnswer(body, () => ({ result: 'invalid' }));
    const { code, stderr } = await api.sendStdin(linesOf(...manyInputs(1)));
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'line 1 (order-0): is not a valid message\n' });
  });
});

describe('progress', () => {
  test('is a bar on a terminal that is gone at the end, problems stand above it', async () => {
    const file = join(folder, 'messages.ndjson');
    writeFileSync(file, ['{}', ...manyInputs(150).map((message) => JSON.stringify(message))].join('\n'));
    const env = { NO_COLOR: '1' };
    const { stderr } = await runCli(['send', '--url', api.url(), '--file', file], { columns: 120, env });
    expect(stderr).toMatch(/K[█░]{20} +\d+% {2}\d+ accepted, 0 duplicates, 1 invalid/);
    expect(stderr.split('\n')[0]).toMatch(/^line 1: /);
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  test('has no bar when the size is not known, and is never wider than the terminal', async () => {
    const { stderr } = await api.sendStdin(linesOf(...manyInputs(150)), [], { columns: 20 });
    const frames = stderr.split('\r\u001b[K').filter((frame) => frame !== '');
    expect(frames[0]).toBe('1 accepted, 0 dupl…');
    expect(frames.every((frame) => frame.length < 20)).toBe(true);
  });
});

/** Lists of messages, some of which end with messages of which two fill a batch. */
function messageLists(): fc.Arbitrary<MessageText[]> {
  const text = fc.string({ unit: 'binary' });
  const large = fc.integer({ min: 2_400_000, max: 2_600_000 }).map((size) => 'b'.repeat(size));
  const message = (body: fc.Arbitrary<string>) => fc.record({ messageId: text, timestamp: text, body });
  const many = fc.array(message(text), { maxLength: 230, size: 'max' });
  const few = fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(message(large), { maxLength: 3 }) },
  );
  return fc.tuple(many, few).map(([small, big]) => [...small, ...big]);
}

interface MessageText {
  readonly messageId: string;
  readonly timestamp: string;
  readonly body: string;
}

async function* inPieces(bytes: Buffer, pieces: number): AsyncGenerator<Uint8Array> {
  const size = Math.ceil(bytes.length / pieces);
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
    if (start % 7 === 0) await setImmediate();
  }
}

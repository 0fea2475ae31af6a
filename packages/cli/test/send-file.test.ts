import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Interrupt } from '../src/io.ts';
import { batchAnswer, manyInputs, messageInput, readBatch } from './support/messages.ts';
import { type CliOptions, linesOf, runCli } from './support/run-cli.ts';
import { problem, type Script, type ScriptedServer, startScriptedServer } from './support/scripted-server.ts';

const ACCEPT_ALL: Script = ({ body }) => batchAnswer(body);
const RERUN = 'run it again: what is stored already counts as a duplicate';

let server: ScriptedServer;
let folder: string;
let script: Script;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-send-'));
  script = ACCEPT_ALL;
  server = await startScriptedServer((request, number) => script(request, number));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

function sendStdin(stdin: NonNullable<CliOptions['stdin']>, args: readonly string[] = [], options: CliOptions = {}) {
  return runCli(['send', '--url', server.url, '--file', '-', ...args], { ...options, stdin });
}

function sentIds(): string[][] {
  return server.requests.map(({ body }) => readBatch(body).map(({ messageId }) => messageId));
}

describe('send --file', () => {
  test('sends a file in batches of up to 100 lines, as NDJSON', async () => {
    const messages = manyInputs(250);
    const file = join(folder, 'messages.ndjson');
    writeFileSync(file, messages.map((message) => JSON.stringify(message)).join('\n'));
    const { code, stdout, stderr } = await runCli(['send', '--url', server.url, '--file', file]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '250 lines: 250 accepted, 0 duplicates, in 0 ms\n',
      stderr: '',
    });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /messages'));
    expect(new Set(server.requests.map(({ headers }) => headers['content-type']))).toEqual(
      new Set(['application/x-ndjson']),
    );
    expect(sentIds().flat().toSorted()).toEqual(messages.map(({ messageId }) => messageId).toSorted());
  });

  test('any list of messages arrives as the bytes of its lines, in order within batches within limits, each once', async () => {
    const breaks = fc.constantFrom('\n', '\r\n', '\n \n', '\n\n');
    script = ({ body }) => {
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
          const before = server.requests.length;
          // Numbered, so that no two lines are equal.
          const lines = list.map((value, index) => JSON.stringify({ ...value, messageId: index + value.messageId }));
          const input = lines.map((line) => line + end).join('');
          const result = await sendStdin(inPieces(Buffer.from(input), pieces), ['--json'], { inputPauses: pauses });

          const batches = server.requests.slice(before).map(({ body }) => body.toString().split('\n').slice(0, -1));
          expect(batches.every((batch) => batch.length >= 1 && batch.length <= 100)).toBe(true);
          const sizes = server.requests.slice(before).map(({ body }) => body.length);
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
    const { code } = await sendStdin(linesOf(...messages));
    expect(code).toBe(0);
    expect(sentIds().toSorted()).toEqual([['m0', 'm1'], ['m2'], ['m3'], ['m4']]);
  });

  test('has at most four requests under way, however long the input is, and reads one batch ahead of them', async () => {
    const gate = Promise.withResolvers<void>();
    let read = 0;
    let readBeforeAnswers = 0;
    let inFlight = 0;
    let most = 0;
    script = async ({ body }) => {
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
    const { code, stdout } = await sendStdin(stdin());
    expect({ code, most, readBeforeAnswers }).toEqual({ code: 0, most: 4, readBeforeAnswers: 500 });
    expect(stdout).toContain('3,000 lines: 3,000 accepted');
  });

  test('sends what it has when the input pauses', async () => {
    const answered = Promise.withResolvers<void>();
    script = ({ body }) => {
      answered.resolve();
      return batchAnswer(body);
    };
    async function* stdin() {
      yield* linesOf(messageInput({ messageId: 'first' }));
      await answered.promise;
      yield* linesOf(messageInput({ messageId: 'second' }));
    }
    const { code } = await sendStdin(stdin(), [], { inputPauses: true });
    expect(code).toBe(0);
    expect(sentIds()).toEqual([['first'], ['second']]);
  });

  test('an empty input is done at once', async () => {
    const { code, stdout } = await sendStdin(linesOf('', '  '));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0 lines: 0 accepted, 0 duplicates, in 0 ms\n' });
    expect(server.requests).toEqual([]);
  });

  test('skips a byte order mark and the CR of CR LF', async () => {
    const { code } = await sendStdin(linesOf(`\ufeff${JSON.stringify(messageInput())}\r`));
    expect(code).toBe(0);
    expect(server.requests[0]?.body.toString()).toBe(`${JSON.stringify(messageInput())}\n`);
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
    const { code, stdout, stderr } = await sendStdin(linesOf(...lines));
    INVALID.forEach(([, text], index) => {
      const line = stderr.split('\n').find((candidate) => candidate.startsWith(`line ${index + 1}`));
      expect(line).toContain(text);
    });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '7 lines: 1 accepted, 0 duplicates, 6 invalid, in 0 ms\n' });
    expect(sentIds()).toEqual([['order-42']]);
  });

  test('bytes that are not UTF-8 are such a line', async () => {
    async function* stdin() {
      yield await Promise.resolve(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    }
    const { code, stderr } = await sendStdin(stdin());
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'line 1: $ is not valid UTF-8; expected JSON in UTF-8\n' });
  });

  test('every problem that the server finds is reported with the number of its line, and in --json', async () => {
    const problems = [
      { path: '$.targetUrl', message: 'is missing', expected: 'an absolute URL' },
      { path: '$.method', message: 'is "GOT"' },
    ];
    script = ({ body }) =>
      batchAnswer(body, (_message, index) => {
        if (index === 1) return { result: 'invalid', problems };
        if (index === 2) return { result: 'conflict' };
        return index === 3 ? { result: 'duplicate' } : {};
      });
    const { code, stdout, stderr } = await sendStdin(linesOf('', ...manyInputs(5)), ['--json']);
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
    script = ({ body }) => batchAnswer(body, () => ({ result: 'invalid' }));
    const { code, stderr } = await sendStdin(linesOf(...manyInputs(1)));
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'line 1 (order-0): is not a valid message\n' });
  });
});

describe('a server that cannot answer', () => {
  test.each([
    ['503', () => problem(503, { title: 'Unavailable' })],
    ['429', () => problem(429, { title: 'Too many' })],
    ['a connection that ends', () => ({ cut: true }) as const],
  ])('is asked again after %s', async (_name, failure) => {
    script = ({ body }, number) => (number < 2 ? failure() : batchAnswer(body));
    const { code, stdout, stderr, sleeps } = await sendStdin(linesOf(...manyInputs(3)));
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [250, 500] });
    // Told once, however often it is tried.
    expect(stderr).toMatch(/^trying again: .+\n$/);
    expect(stdout).toContain('3 accepted');
    expect(sentIds()).toEqual(Array(3).fill(['order-0', 'order-1', 'order-2']));
  });

  test('is given the time that it asks for', async () => {
    script = ({ body }, number) =>
      number === 0 ? problem(503, { title: 'Unavailable' }, { 'retry-after': '12' }) : batchAnswer(body);
    const { sleeps, stderr } = await sendStdin(linesOf(...manyInputs(1)));
    expect(sleeps).toEqual([12_000]);
    expect(stderr).toBe('trying again: Unavailable (HTTP 503)\n');
  });

  test('gets only the items again that it could not store', async () => {
    script = ({ body }, number) =>
      batchAnswer(body, ({ messageId }) => ({
        result: number === 0 && messageId !== 'order-1' ? 'unavailable' : 'accepted',
      }));
    const { code, stdout } = await sendStdin(linesOf(...manyInputs(3)));
    expect(sentIds()).toEqual([
      ['order-0', 'order-1', 'order-2'],
      ['order-0', 'order-2'],
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 accepted') });
  });

  test('is not given up as long as it stores a line now and then', async () => {
    // A wait of 250 ms is the first of its window; in one window of a second, the third would be the last.
    script = ({ body }) =>
      batchAnswer(body, (_message, index) => ({ result: index === 0 ? 'accepted' : 'unavailable' }));
    const { code, sleeps } = await sendStdin(linesOf(...manyInputs(5)), ['--retry-for', '1']);
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [250, 250, 250, 250] });
  });

  test('gets only those again when it could store nothing, and some can never be stored', async () => {
    script = ({ body }, number) =>
      batchAnswer(body, ({ messageId }) => {
        if (messageId === 'order-1') return { result: 'invalid' };
        return { result: number === 0 ? 'unavailable' : 'accepted' };
      });
    const answers = script;
    script = async (request, number) => ({
      ...(await answers(request, number)),
      ...(number === 0 ? { status: 503 } : {}),
    });
    const { code, stdout } = await sendStdin(linesOf(...manyInputs(3)));
    expect(sentIds()).toEqual([
      ['order-0', 'order-1', 'order-2'],
      ['order-0', 'order-2'],
    ]);
    expect({ code, stdout }).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('2 accepted, 0 duplicates, 1 invalid'),
    });
  });

  test('is given up after --retry-for: what was not stored is named, the rest is not read, the code is 3', async () => {
    const total = 5_000;
    let read = 0;
    async function* stdin() {
      for await (const line of linesOf(...manyInputs(total))) {
        read += 1;
        yield line;
      }
    }
    script = ({ body }) => {
      const isFirst = readBatch(body)[0]?.messageId === 'order-0';
      return isFirst ? batchAnswer(body) : problem(503, { title: 'Unavailable', detail: 'the disk is full' });
    };
    const { code, stdout, stderr } = await sendStdin(stdin(), ['--json', '--retry-for', '2']);
    expect(code).toBe(3);
    const summary: Summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ accepted: 100, complete: false });
    const rest = Array.from({ length: summary.lines - 100 }, (_, index) => index + 101);
    expect(summary.problems.map(({ line }) => line).toSorted((a, b) => a - b)).toEqual(rest);
    expect(summary.notStored).toBe(rest.length);
    expect(read).toBeLessThan(total);
    expect(stderr).toContain('lines 101–200: not stored: the disk is full (HTTP 503)\n');
    expect(stderr).toContain(`millrace: stopped after line ${summary.lines}: the disk is full (HTTP 503); ${RERUN}\n`);
  });

  test('that was never there is exit code 1', async () => {
    await server.close();
    const { code, stderr } = await sendStdin(linesOf(...manyInputs(2)), ['--retry-for', '0']);
    const cause = `cannot reach ${server.url}: connection refused; start one with: millrace up`;
    expect(code).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `lines 1–2: not stored: ${cause}`,
      `millrace: stopped after line 2: ${cause}; ${RERUN}`,
      '',
    ]);
    server = await startScriptedServer(ACCEPT_ALL);
  });

  test('that refuses is not asked again, and its problem document is on stderr with --json', async () => {
    script = () => problem(403, { type: 'forbidden', title: 'Forbidden', detail: 'not your sender' });
    const { code, stderr, sleeps } = await sendStdin(linesOf(...manyInputs(1)), ['--json']);
    expect({ code, sleeps }).toEqual({ code: 1, sleeps: [] });
    const [, document = ''] = stderr.split('\n');
    expect(JSON.parse(document)).toMatchObject({ type: 'forbidden' });
  });

  test('that gives not one result for each line is not trusted', async () => {
    script = () => ({ status: 202, json: { results: [] } });
    const { code, stderr } = await sendStdin(linesOf(...manyInputs(1)));
    expect(code).toBe(1);
    expect(stderr).toContain('not one result for each message');
  });
});

describe('an interrupt', () => {
  test('ends the reading, waits for what is under way, and says where it stopped', async () => {
    const controller = new AbortController();
    const interrupted = Promise.withResolvers<void>();
    script = async ({ body }) => {
      controller.abort(new Interrupt('SIGINT'));
      await interrupted.promise;
      return batchAnswer(body);
    };
    async function* stdin() {
      yield* linesOf(...manyInputs(100));
      await new Promise(() => undefined);
    }
    controller.signal.addEventListener('abort', () => interrupted.resolve());
    const { code, stdout, stderr } = await sendStdin(stdin(), ['--json'], { signal: controller.signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: `millrace: interrupted after line 100; ${RERUN}\n` });
    expect(JSON.parse(stdout)).toMatchObject({ lines: 100, accepted: 100, complete: false });
  });

  test('that comes when everything was sent changes nothing', async () => {
    const controller = new AbortController();
    script = ({ body }) => {
      controller.abort(new Interrupt('SIGINT'));
      return batchAnswer(body);
    };
    const { code, stdout } = await sendStdin(linesOf(...manyInputs(3)), ['--json'], { signal: controller.signal });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ lines: 3, accepted: 3, complete: true });
  });

  test('ends the waiting for a server when everything was read', async () => {
    const controller = new AbortController();
    script = () => problem(503, { title: 'Unavailable' });
    const interrupt = () => controller.abort(new Interrupt('SIGINT'));
    const { code } = await sendStdin(linesOf(...manyInputs(3)), [], { signal: controller.signal, onSleep: interrupt });
    expect(code).toBe(130);
  });

  test('ends the waiting for a server', async () => {
    const controller = new AbortController();
    script = () => problem(503, { title: 'Unavailable' });
    async function* stdin() {
      yield* linesOf(...manyInputs(100));
      await new Promise(() => undefined);
    }
    const interrupt = () => controller.abort(new Interrupt('SIGTERM'));
    const { code, stderr } = await sendStdin(stdin(), [], { signal: controller.signal, onSleep: interrupt });
    expect(code).toBe(130);
    expect(stderr).toContain('lines 1–100: not stored: Unavailable (HTTP 503)\n');
    expect(server.requests).toHaveLength(1);
  });
});

describe('progress', () => {
  test('is a bar on a terminal that is gone at the end, problems stand above it', async () => {
    const file = join(folder, 'messages.ndjson');
    writeFileSync(file, ['{}', ...manyInputs(150).map((message) => JSON.stringify(message))].join('\n'));
    const env = { NO_COLOR: '1' };
    const { stderr } = await runCli(['send', '--url', server.url, '--file', file], { columns: 120, env });
    expect(stderr).toMatch(/K[█░]{20} +\d+% {2}\d+ accepted, 0 duplicates, 1 invalid/);
    expect(stderr.split('\n')[0]).toMatch(/^line 1: /);
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  test('has no bar when the size is not known, and is never wider than the terminal', async () => {
    const { stderr } = await sendStdin(linesOf(...manyInputs(150)), [], { columns: 20 });
    const frames = stderr.split('\r\u001b[K').filter((frame) => frame !== '');
    expect(frames[0]).toBe('1 accepted, 0 dupl…');
    expect(frames.every((frame) => frame.length < 20)).toBe(true);
  });
});

interface Summary {
  readonly lines: number;
  readonly notStored: number;
  readonly problems: readonly { readonly line: number }[];
}

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

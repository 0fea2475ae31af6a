import { describe, expect, test } from '@jest/globals';
import { Interrupt } from '../src/io.ts';
import { batchAnswer, manyInputs, readBatch } from './support/messages.ts';
import { linesOf } from './support/run-cli.ts';
import { problem } from './support/scripted-server.ts';
import { useSendServer } from './support/use-send-server.ts';

const RERUN = 'run it again: what is stored already counts as a duplicate';

const api = useSendServer();

describe('a server that cannot answer', () => {
  test.each([
    ['503', () => problem(503, { title: 'Unavailable' })],
    ['429', () => problem(429, { title: 'Too many' })],
    ['a connection that ends', () => ({ cut: true }) as const],
  ])('is asked again after %s', async (_name, failure) => {
    api.script = ({ body }, number) => (number < 2 ? failure() : batchAnswer(body));
    const { code, stdout, stderr, sleeps } = await api.sendStdin(linesOf(...manyInputs(3)));
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [250, 500] });
    // Told once, however often it is tried.
    expect(stderr).toMatch(/^trying again: .+\n$/);
    expect(stdout).toContain('3 accepted');
    expect(api.sentIds()).toEqual(Array(3).fill(['order-0', 'order-1', 'order-2']));
  });

  test('is given the time that it asks for', async () => {
    api.script = ({ body }, number) =>
      number === 0 ? problem(503, { title: 'Unavailable' }, { 'retry-after': '12' }) : batchAnswer(body);
    const { sleeps, stderr } = await api.sendStdin(linesOf(...manyInputs(1)));
    expect(sleeps).toEqual([12_000]);
    expect(stderr).toBe('trying again: Unavailable (HTTP 503)\n');
  });

  test('gets only the items again that it could not store', async () => {
    api.script = ({ body }, number) =>
      batchAnswer(body, ({ messageId }) => ({
        result: number === 0 && messageId !== 'order-1' ? 'unavailable' : 'accepted',
      }));
    const { code, stdout } = await api.sendStdin(linesOf(...manyInputs(3)));
    expect(api.sentIds()).toEqual([
      ['order-0', 'order-1', 'order-2'],
      ['order-0', 'order-2'],
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 accepted') });
  });

  test('is not given up as long as it stores a line now and then', async () => {
    // A wait of 250 ms is the first of its window; in one window of a second, the third would be the last.
    api.script = ({ body }) =>
      batchAnswer(body, (_message, index) => ({ result: index === 0 ? 'accepted' : 'unavailable' }));
    const { code, sleeps } = await api.sendStdin(linesOf(...manyInputs(5)), ['--retry-for', '1']);
    expect({ code, sleeps }).toEqual({ code: 0, sleeps: [250, 250, 250, 250] });
  });

  test('gets only those again when it could store nothing, and some can never be stored', async () => {
    api.script = ({ body }, number) =>
      batchAnswer(body, ({ messageId }) => {
        if (messageId === 'order-1') return { result: 'invalid' };
        return { result: number === 0 ? 'unavailable' : 'accepted' };
      });
    const answers = api.script;
    api.script = async (request, number) => ({
      ...(await answers(request, number)),
      ...(number === 0 ? { status: 503 } : {}),
    });
    const { code, stdout } = await api.sendStdin(linesOf(...manyInputs(3)));
    expect(api.sentIds()).toEqual([
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
    api.script = ({ body }) => {
      const isFirst = readBatch(body)[0]?.messageId === 'order-0';
      return isFirst ? batchAnswer(body) : problem(503, { title: 'Unavailable', detail: 'the disk is full' });
    };
    const { code, stdout, stderr } = await api.sendStdin(stdin(), ['--json', '--retry-for', '2']);
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
    await api.close();
    const { code, stderr } = await api.sendStdin(linesOf(...manyInputs(2)), ['--retry-for', '0']);
    const cause = `cannot reach ${api.url()}: connection refused; start one with: millrace up`;
    expect(code).toBe(1);
    expect(stderr.split('\n')).toEqual([
      `lines 1–2: not stored: ${cause}`,
      `millrace: stopped after line 2: ${cause}; ${RERUN}`,
      '',
    ]);
  });

  test('that refuses is not asked again, and its problem document is on stderr with --json', async () => {
    api.script = () => problem(403, { type: 'forbidden', title: 'Forbidden', detail: 'not your sender' });
    const { code, stderr, sleeps } = await api.sendStdin(linesOf(...manyInputs(1)), ['--json']);
    expect({ code, sleeps }).toEqual({ code: 1, sleeps: [] });
    const [, document = ''] = stderr.split('\n');
    expect(JSON.parse(document)).toMatchObject({ type: 'forbidden' });
  });

  test('that gives not one result for each line is not trusted', async () => {
    api.script = () => ({ status: 202, json: { results: [] } });
    const { code, stderr } = await api.sendStdin(linesOf(...manyInputs(1)));
    expect(code).toBe(1);
    expect(stderr).toContain('not one result for each message');
  });
});

describe('an interrupt', () => {
  test('ends the reading, waits for what is under way, and says where it stopped', async () => {
    const controller = new AbortController();
    const interrupted = Promise.withResolvers<void>();
    api.script = async ({ body }) => {
      controller.abort(new Interrupt('SIGINT'));
      await interrupted.promise;
      return batchAnswer(body);
    };
    async function* stdin() {
      yield* linesOf(...manyInputs(100));
      await new Promise(() => undefined);
    }
    controller.signal.addEventListener('abort', () => interrupted.resolve());
    const { code, stdout, stderr } = await api.sendStdin(stdin(), ['--json'], { signal: controller.signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: `millrace: interrupted after line 100; ${RERUN}\n` });
    expect(JSON.parse(stdout)).toMatchObject({ lines: 100, accepted: 100, complete: false });
  });

  test('that comes when everything was sent changes nothing', async () => {
    const controller = new AbortController();
    api.script = ({ body }) => {
      controller.abort(new Interrupt('SIGINT'));
      return batchAnswer(body);
    };
    const { code, stdout } = await api.sendStdin(linesOf(...manyInputs(3)), ['--json'], { signal: controller.signal });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ lines: 3, accepted: 3, complete: true });
  });

  test('ends the waiting for a server when everything was read', async () => {
    const controller = new AbortController();
    api.script = () => problem(503, { title: 'Unavailable' });
    const interrupt = () => controller.abort(new Interrupt('SIGINT'));
    const { code } = await api.sendStdin(linesOf(...manyInputs(3)), [], {
      signal: controller.signal,
      onSleep: interrupt,
    });
    expect(code).toBe(130);
  });

  test('ends the waiting for a server', async () => {
    const controller = new AbortController();
    api.script = () => problem(503, { title: 'Unavailable' });
    async function* stdin() {
      yield* linesOf(...manyInputs(100));
      await new Promise(() => undefined);
    }
    const interrupt = () => controller.abort(new Interrupt('SIGTERM'));
    const { code, stderr } = await api.sendStdin(stdin(), [], { signal: controller.signal, onSleep: interrupt });
    expect(code).toBe(130);
    expect(stderr).toContain('lines 1–100: not stored: Unavailable (HTTP 503)\n');
    expect(api.requests()).toHaveLength(1);
  });
});

interface Summary {
  readonly lines: number;
  readonly notStored: number;
  readonly problems: readonly { readonly line: number }[];
}

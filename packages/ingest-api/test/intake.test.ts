import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createManualClock } from '@millrace/core/testing';
import fc from 'fast-check';
import { createIntake, type IntakeLimits, type Visit } from '../src/intake.ts';
import { type Api, startApi } from './support/api.ts';
import { messageJson } from './support/messages.ts';

const KIB = 1_024;
const LIMITS: IntakeLimits = { requests: 80, bodyBytes: 1_000 * KIB, workBytes: 64 * KIB };

function start(limits: Partial<IntakeLimits> = {}) {
  const clock = createManualClock();
  const intake = createIntake({ ...LIMITS, ...limits }, clock);
  const enter = (bytes = 0, isOptional = true) => intake.enter(isOptional, bytes);
  const enterMany = (count: number, bytes = 0) => Array.from({ length: count }, () => enter(bytes));
  return { clock, enter, enterMany };
}

/** Is it its turn by now? */
async function hasTurn(turn: Promise<void> | void): Promise<boolean> {
  const later = new Promise<string>((resolve) => setImmediate(() => resolve('later')));
  return (await Promise.race([turn, later])) !== 'later';
}

const OVERLOADED = 'more to do than can be done at once';

describe('the intake', () => {
  test('lets in as many requests as it may, and another when one has left', () => {
    const { enter, enterMany } = start();
    const [first] = enterMany(80);
    expect(() => enter()).toThrow(OVERLOADED);
    first?.leave();
    enter();
    expect(() => enter()).toThrow(OVERLOADED);
  });

  test('lets in as many bytes of bodies as it may, and one body however large', () => {
    const { enter } = start();
    const large = enter(5_000 * KIB);
    expect(() => enter(1)).toThrow(OVERLOADED);
    large.leave();
    enter(600 * KIB);
    enter(400 * KIB);
    expect(() => enter(1)).toThrow(OVERLOADED);
    enter(0);
  });

  test('counts what comes of a body whose length was not announced, and refuses it where it is too much', () => {
    const { enter } = start();
    const [known, unknown] = [enter(900 * KIB), enter(0)];
    unknown.grow(100 * KIB);
    expect(() => unknown.grow(1)).toThrow(OVERLOADED);
    known.leave();
    unknown.grow(900 * KIB);
    unknown.leave();
    enter(1_000 * KIB);
  });

  test('takes a few small bodies at once, the others in the order in which they came', async () => {
    const { enterMany } = start();
    const visits = enterMany(7);
    const turns = visits.map((visit) => visit.turn());
    expect(await Promise.all(turns.map(hasTurn))).toEqual([true, true, true, true, false, false, false]);
    visits[2]?.leave();
    expect(await Promise.all(turns.slice(4).map(hasTurn))).toEqual([true, false, false]);
    visits[0]?.leave();
    visits[1]?.leave();
    expect(await Promise.all(turns.slice(5).map(hasTurn))).toEqual([true, true]);
  });

  test('does not let small bodies overtake a large one for ever, and takes it alone', async () => {
    const { enter } = start();
    const [small, large, late] = [enter(KIB), enter(900 * KIB), enter(KIB)];
    const turns = [small, large, late].map((visit) => visit.turn());
    expect(await Promise.all(turns.map(hasTurn))).toEqual([true, false, false]);
    small.leave();
    expect(await Promise.all(turns.slice(1).map(hasTurn))).toEqual([true, false]);
    large.leave();
    expect(await hasTurn(turns[2])).toBe(true);
  });

  test('lets a burst queue, and refuses what would only wait when the queue stands', () => {
    const { clock, enter, enterMany } = start();
    for (const visit of enterMany(5)) void visit.turn();
    clock.advance(500);
    enterMany(6);
    clock.advance(1);
    expect(() => enter()).toThrow(OVERLOADED);
  });

  test('has room for operators where it refuses new messages', () => {
    const { clock, enter, enterMany } = start();
    for (const visit of enterMany(10)) void visit.turn();
    clock.advance(501);
    expect(() => enter()).toThrow(OVERLOADED);
    enter(0, false);
  });

  test('goes on to let few in while there is somebody to refuse, though nobody waits', () => {
    const { clock, enter, enterMany } = start();
    const visits = enterMany(10);
    for (const visit of visits) void visit.turn();
    clock.advance(501);
    expect(() => enter()).toThrow(OVERLOADED);
    for (const visit of visits.splice(0, 6)) visit.leave();
    for (let second = 0; second < 5; second++) {
      clock.advance(999);
      const next = enter();
      expect(() => enter()).toThrow(OVERLOADED);
      next.leave();
    }
  });

  test.each([
    ['a second has passed without', 1_000],
    ['the clock was set back', -3_600_000],
  ])('lets in again what it may when nobody waits and %s', (_when, ms) => {
    const { clock, enter, enterMany } = start();
    const visits = enterMany(10);
    for (const visit of visits) void visit.turn();
    clock.advance(501);
    expect(() => enter()).toThrow(OVERLOADED);
    for (const visit of visits.splice(0, 6)) visit.leave();
    clock.advance(ms);
    enterMany(76);
    expect(() => enter()).toThrow(OVERLOADED);
  });

  test('holds to its limits, forgets nobody and is empty in the end, whatever comes in which order', async () => {
    const step = fc.record({
      do: fc.constantFrom('enter', 'enter', 'turn', 'leave'),
      which: fc.nat(),
      kib: fc.nat(80),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const { enter } = start({ requests: 12, bodyBytes: 200 * KIB });
        const inside: { visit: Visit; kib: number; turn: Promise<void> | void; asked: boolean; begun: boolean }[] = [];
        for (const { do: what, which, kib } of steps) {
          const guest = inside[which % Math.max(1, inside.length)];
          if (what === 'enter') {
            const before = inside.reduce((sum, other) => sum + other.kib, 0);
            const fits = inside.length < 12 && (before === 0 || before + kib <= 200);
            if (fits) inside.push({ visit: enter(kib * KIB), kib, turn: undefined, asked: false, begun: false });
            else expect(() => enter(kib * KIB)).toThrow(OVERLOADED);
          } else if (what === 'turn' && guest !== undefined && !guest.asked) {
            guest.asked = true;
            guest.turn = guest.visit.turn();
          } else if (what === 'leave' && guest !== undefined && (!guest.asked || guest.begun)) {
            guest.visit.leave();
            inside.splice(inside.indexOf(guest), 1);
          }
          for (const other of inside) if (other.asked) other.begun = await hasTurn(other.turn);
          const work = inside.filter(({ begun }) => begun).map((other) => Math.max(16, other.kib));
          const waits = inside.some(({ asked, begun }) => asked && !begun);
          const sum = work.reduce((total, size) => total + size, 0);
          expect(sum <= 64 || work.length === 1).toBe(true);
          if (waits) expect(work.length).toBeGreaterThan(0);
        }
        for (let rest = inside.length; inside.length > 0; rest--) {
          for (const other of inside) if (other.asked) other.begun = await hasTurn(other.turn);
          const index = inside.findIndex(({ asked, begun }) => !asked || begun);
          inside.splice(index, 1)[0]?.visit.leave();
          expect(rest).toBeGreaterThan(0);
        }
        const again = Array.from({ length: 12 }, () => enter(16 * KIB));
        expect(await Promise.all(again.slice(0, 4).map((visit) => hasTurn(visit.turn())))).toEqual(Array(4).fill(true));
      }),
      { numRuns: 150 },
    );
  });
});

describe('an API that has too much to do', () => {
  /** One request may be inside; the store answers the first when it is told to. */
  async function startFull(): Promise<{ api: Api; first: Promise<{ status: number }>; answer: () => void }> {
    const gate = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    const intake = createIntake({ ...LIMITS, requests: 1 }, createManualClock());
    const api: Api = await startApi({
      intake,
      faults: {
        async accept(messages) {
          seen.resolve();
          await gate.promise;
          return api.store.accept(messages);
        },
      },
    });
    const first = api.client.post('/message', messageJson());
    await seen.promise;
    return { api, first, answer: gate.resolve };
  }

  const overloaded = {
    status: 503,
    headers: { 'retry-after': '1', 'content-type': 'application/problem+json' },
    json: { type: 'unavailable', detail: expect.stringContaining(OVERLOADED) },
  };

  test('refuses what comes at once, with a time to try again, and takes it when it is repeated', async () => {
    const { api, first, answer } = await startFull();
    const next = messageJson({ messageId: 'next' });
    expect(await api.client.post('/message', next)).toMatchObject(overloaded);
    expect(await api.client.post('/messages', { messages: [next] })).toMatchObject(overloaded);
    answer();
    expect((await first).status).toBe(202);
    expect((await api.client.post('/message', next)).status).toBe(202);
    expect((await api.store.counts()).accepted).toBe(2);
    expect(api.errors).toEqual([]);
  });

  test('goes on to say that it is alive', async () => {
    const { api, first, answer } = await startFull();
    expect((await api.client.get('/health')).status).toBe(200);
    expect((await api.client.get('/health/ready')).status).toBe(200);
    answer();
    await first;
  });

  test('answers before a body is read, and the connection goes on with the next request in its order', async () => {
    const { api, first, answer } = await startFull();
    const body = JSON.stringify(messageJson({ messageId: 'next', body: 'x'.repeat(300_000) }));
    const head = `POST /message HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1').setEncoding('latin1');
    let received = '';
    const answers = (count: number) =>
      new Promise<void>((resolve, reject) => {
        const look = () => received.split('HTTP/1.1 ').length > count && resolve();
        socket.on('data', look).once('close', () => reject(new Error(`closed after ${received}`)));
        look();
      });
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.write(head);
    await answers(1);
    expect(received).toMatch(/^HTTP\/1\.1 503 /);
    expect(received.toLowerCase()).not.toContain('connection: close');
    answer();
    await first;
    socket.write(`${body}${head}${body}`);
    await answers(2);
    expect(received.split('HTTP/1.1 ')[2]).toMatch(/^202 /);
    socket.destroy();
  });
});

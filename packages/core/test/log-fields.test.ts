import { describe, expect, test } from '@jest/globals';
import {
  attemptFields,
  checkpointFields,
  createLogLines,
  errorFields,
  joinFields,
  LOG_EVENTS,
  type LogEvent,
  type LogFields,
  listFields,
  messageFields,
  StoreUnavailableError,
  webhookId,
} from '@millrace/core';
import { aMessage, createRecordingLines } from '@millrace/core/testing';
import fc from 'fast-check';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Text that is found again wherever it gets to. */
const secrets = fc.uuid().map((id) => `canary-${id}`);

describe('the fields of a message', () => {
  test('name it, its correlation id, its trace and the origin of its target', () => {
    const message = aMessage({ targetUrl: 'https://user.example:8443/hooks/T0KEN?key=1', traceparent: TRACEPARENT });
    const { identity } = message;
    expect(messageFields(message)).toEqual({
      webhookId: webhookId(identity),
      senderId: identity.senderId,
      messageId: identity.messageId,
      targetOrigin: 'https://user.example:8443',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    });
    expect(messageFields(aMessage())).not.toHaveProperty('traceId');
  });

  test('hold nothing of its headers, its body, or the path and query of its target, whatever they are', () =>
    fc.assert(
      fc.property(secrets, (secret) => {
        const targetUrl = `https://a.example/${secret}?token=${secret}`;
        const headers: [string, string][] = [['authorization', secret]];
        const message = aMessage({ targetUrl, headers, body: secret });
        const fields = joinFields(messageFields(message), listFields('samples', [messageFields(message)]));
        expect(JSON.stringify(fields)).not.toContain(secret);
      }),
    ));
});

describe('the fields of an attempt', () => {
  test('are those that are named, whatever else it has', () => {
    const attempt = { attempt: 1, outcome: 'response', status: 500, reason: null, durationMs: 7 };
    const more = { ...attempt, excerpt: 'what the target said', headers: ['secret'] };
    expect(attemptFields(more)).toEqual(attempt);
  });
});

describe('the fields of a run of a checkpoint', () => {
  const count = fc.nat();
  const failures = fc.array(
    fc.record({
      kind: fc.constantFrom('content', 'transport', 'gone', 'group'),
      key: fc.string(),
      reasons: fc.array(secrets, { minLength: 1 }),
    }),
  );
  const runs = fc.record({
    runId: fc.uuid(),
    dataset: fc.constantFrom('deliveries', 'visit-events'),
    complete: fc.boolean(),
    objects: fc.record({ read: count, pending: count }),
    events: fc.record({ folded: count, invalid: count }),
    groups: fc.array(fc.record({ path: fc.string() })),
    ...{ totalEvents: count, failures, failuresLeftOut: count, executionMs: count },
  });

  test('are on every line about one, whatever came of it, and quote nothing that an object holds', () =>
    fc.assert(
      fc.property(runs, fc.constantFrom('checkpoint.folded' as const, 'checkpoint.failed' as const), (run, event) => {
        const { lines, said } = createRecordingLines();
        lines.say(event, checkpointFields(run));
        expect(said).toEqual([
          {
            ...{ event, runId: run.runId, dataset: run.dataset, complete: run.complete },
            ...{ objects: run.objects.read, pending: run.objects.pending },
            ...{ folded: run.events.folded, invalid: run.events.invalid },
            ...{ files: run.groups.length, totalEvents: run.totalEvents, durationMs: run.executionMs },
            failures: run.failures.length + run.failuresLeftOut,
            failed: run.failures.slice(0, 5).map(({ kind, key }) => ({ kind, key })),
          },
        ]);
        expect(JSON.stringify(said)).not.toContain('canary-');
      }),
    ));
});

describe('the fields of an error', () => {
  const errorOf = (fields: LogFields) => fields['error'] as { message?: string; causes: unknown[]; stack: string[] };

  test('are its name, code, words and place, and those of its causes', () => {
    const cause = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
    const error = errorOf(errorFields(new StoreUnavailableError('the database cannot write', { cause })));
    expect(error).toMatchObject({
      name: 'StoreUnavailableError',
      code: 'store-unavailable',
      message: 'the database cannot write',
      causes: [{ name: 'Error', code: 'ENOSPC', message: 'write ENOSPC' }],
    });
    expect(error.stack[0]).toMatch(/^at .*log-fields[.]test[.]ts/);
  });

  test('do not hold what a parser or a check of arguments quotes', () =>
    fc.assert(
      fc.property(secrets, (secret) => {
        const errors = [
          () => JSON.parse(`{"${secret.slice(0, 8)}`),
          () => new URL(secret),
          () => Buffer.from(secret, secret as 'utf8'),
          () => Object.defineProperty(secret, 'x', {}),
        ].map(thrown);
        for (const error of [...errors, new Error('outer', { cause: errors[0] })]) {
          expect(JSON.stringify(errorFields(error))).not.toContain('canary');
        }
      }),
    ));

  test('cut URLs at their query, and leave out their credentials', () => {
    const { message } = errorOf(
      errorFields(new Error('GET https://me:pass@a.example/x?token=1#y failed, see http://b.example?key=2')),
    );
    expect(message).toBe('GET https://a.example/x failed, see http://b.example');
  });

  test('hold no other property of an error', () => {
    const error = Object.assign(new Error('x'), { request: { headers: { authorization: 'secret' } }, input: 'secret' });
    expect(JSON.stringify(errorFields(error))).not.toContain('secret');
  });

  test.each([undefined, null, 'canary', 7, { message: 'x' }, Object.create(null)])(
    'take what is thrown: %p',
    (thrown) => {
      expect(JSON.stringify(errorFields(thrown))).not.toContain('canary');
    },
  );

  test('end, though a cause is its own', () => {
    const error = new Error('x');
    error.cause = error;
    expect(errorOf(errorFields(error)).causes.length).toBeLessThan(10);
  });
});

describe('the lines of the log', () => {
  const said: unknown[] = [];
  const take = (level: string) => (fields: object, message: string) => void said.push([level, fields, message]);
  const lines = createLogLines({
    isLevelEnabled: (level) => level !== 'debug',
    ...{ debug: take('debug'), info: take('info'), warn: take('warn'), error: take('error') },
  });

  test('have the level and the words of their event, its name and their fields; what is off is not written', () => {
    for (const event of Object.keys(LOG_EVENTS) as LogEvent[]) {
      said.splice(0);
      lines.say(event, listFields('a', []), listFields('b', []));
      const { level, text } = LOG_EVENTS[event];
      expect(said).toEqual(level === 'debug' ? [] : [[level, { event, a: [], b: [] }, text]]);
      expect(lines.isOn(event)).toBe(level !== 'debug');
    }
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { createManualClock } from '@millrace/core/testing';
import { createIamCallers, type IamConfig } from '../src/iam-callers.ts';

const SESSION = 'arn:aws:sts::123456789012:assumed-role/billing/i-0abc';
const ROLE = 'arn:aws:iam::123456789012:role/billing';
const mapOf = (...senders: readonly string[]) => JSON.stringify({ [ROLE]: senders });

/** What a parameter has to say for itself: its text, its absence, or an error. */
type Reply = string | undefined | Error;

function startIam(first: Reply, config: Partial<IamConfig> = {}) {
  const clock = createManualClock();
  const names: string[] = [];
  const errors: unknown[] = [];
  let reply = first;
  /** Ends the calls that are under way. */
  let gate: Promise<void> = Promise.resolve();
  const iam = createIamCallers({
    clock,
    config: { callersParameter: '/dev/callers', openFrontDoor: false, ...config },
    onError: (error) => errors.push(error),
    parameters: {
      async get(name: string) {
        names.push(name);
        await gate;
        if (reply instanceof Error) throw reply;
        return reply;
      },
    },
  });
  return {
    ...iam,
    clock,
    names,
    errors,
    setReply: (next: Reply) => {
      reply = next;
    },
    setGate: (next: Promise<void>) => {
      gate = next;
    },
    sendersOf: async () => (await iam.callerOf(SESSION)).senders,
  };
}

const refusal = { type: 'forbidden', status: 403 };

describe('who calls', () => {
  test('is the role of the session, bound to its senders', async () => {
    const iam = startIam(mapOf('billing', 'books'));
    expect(await iam.callerOf(SESSION)).toEqual({ name: ROLE, senders: ['billing', 'books'] });
    expect(iam.names).toEqual(['/dev/callers']);
  });

  test('is refused when the map does not name it', async () => {
    const iam = startIam(mapOf('billing'));
    const others = [
      'arn:aws:sts::123456789012:assumed-role/other/billing',
      'arn:aws:sts::999999999999:assumed-role/billing/i-0abc',
      'arn:aws:iam::123456789012:user/billing',
      'arn:aws:iam::123456789012:root',
      'nonsense',
    ];
    for (const arn of others) await expect(iam.callerOf(arn)).rejects.toMatchObject(refusal);
  });

  test('is refused when the front door did not ask, and nothing is read for it', async () => {
    const iam = startIam(mapOf('*'));
    await expect(iam.callerOf(undefined)).rejects.toMatchObject(refusal);
    expect(iam.names).toEqual([]);
  });

  test('may be anyone when a setting opens the front door', async () => {
    const iam = startIam(mapOf('billing'), { openFrontDoor: true });
    expect(await iam.callerOf(undefined)).toMatchObject({ senders: 'all' });
    expect(await iam.sendersOf()).toEqual(['billing']);
    await expect(iam.callerOf('arn:aws:iam::123456789012:user/ann')).rejects.toMatchObject(refusal);
  });

  test('may be anyone of IAM when the front door is open and there is no map', async () => {
    const iam = startIam(undefined, { openFrontDoor: true, callersParameter: undefined });
    expect(await iam.sendersOf()).toBe('all');
    expect(iam.names).toEqual([]);
  });
});

describe('the map', () => {
  test('is read once a minute, however many ask', async () => {
    const iam = startIam(mapOf('billing'));
    await Promise.all(Array.from({ length: 20 }, () => iam.sendersOf()));
    iam.clock.advance(59_999);
    await iam.sendersOf();
    expect(iam.names).toHaveLength(1);

    iam.setReply(mapOf('books'));
    iam.clock.advance(1);
    expect(await Promise.all([iam.sendersOf(), iam.sendersOf()])).toEqual([['books'], ['books']]);
    expect(iam.names).toHaveLength(2);
  });

  test('is read again when the clock was set back', async () => {
    const iam = startIam(mapOf('billing'));
    await iam.sendersOf();
    iam.setReply(mapOf('books'));
    iam.clock.advance(-3_600_000);
    expect(await iam.sendersOf()).toEqual(['books']);
  });

  test.each<[string, Reply]>([
    ['the store fails', new StoreUnavailableError('throttled')],
    ['the permission is missing', new Error('AccessDenied')],
    ['the parameter is gone', undefined],
    ['the new map is not valid', '{"billing":["billing"]}'],
  ])('stays in use, and the reason is reported, while %s', async (_, reply) => {
    const iam = startIam(mapOf('billing'));
    await iam.sendersOf();
    iam.setReply(reply);
    iam.clock.advance(60_000);
    expect(await iam.sendersOf()).toEqual(['billing']);
    expect(iam.errors).toHaveLength(1);
    await expect(iam.callerOf('arn:aws:iam::123456789012:user/ann')).rejects.toMatchObject(refusal);
    expect(iam.names).toHaveLength(2);

    iam.clock.advance(5_000);
    iam.setReply(mapOf('books'));
    expect(await iam.sendersOf()).toEqual(['books']);
    expect(iam.names).toHaveLength(3);
  });

  test.each<[string, Reply, object]>([
    ['the store fails', new StoreUnavailableError('throttled'), { code: 'store-unavailable' }],
    [
      'the parameter is not there',
      undefined,
      { code: 'config', problems: ['/dev/callers: there is no such parameter'] },
    ],
    ['it is not valid', '[]', { code: 'config' }],
  ])('lets nobody in when it was never read because %s, and is asked for again at once', async (_, reply, error) => {
    const iam = startIam(reply);
    await expect(iam.callerOf(SESSION)).rejects.toMatchObject(error);
    await expect(iam.callerOf(SESSION)).rejects.toMatchObject(error);
    expect(iam.names).toHaveLength(2);
    iam.setReply(mapOf('billing'));
    expect(await iam.sendersOf()).toEqual(['billing']);
  });

  test('lets nobody in while the first reading is under way', async () => {
    const iam = startIam(mapOf('billing'));
    let open = () => {};
    iam.setGate(
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    const answers: unknown[] = [];
    const asked = [iam.sendersOf(), iam.sendersOf()].map((caller) => caller.then((senders) => answers.push(senders)));
    await new Promise(setImmediate);
    expect(answers).toEqual([]);
    open();
    await Promise.all(asked);
    expect(answers).toEqual([['billing'], ['billing']]);
    expect(iam.names).toHaveLength(1);
  });
});

describe('its health', () => {
  test('is good when the map can be read, or there is none to read', async () => {
    expect(await startIam(mapOf('billing')).health()).toEqual([]);
    expect(await startIam('', { openFrontDoor: true, callersParameter: undefined }).health()).toEqual([]);
  });

  test('names what is wrong', async () => {
    const [problem] = await startIam('{"billing":["billing"]}').health();
    expect(problem?.part).toBe('callers');
    expect(problem?.detail).toContain('/dev/callers: $.billing is not a principal');
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { AwsAccessError, createAwsClients, createAwsStores, createSsmParameterStore } from '@millrace/core/aws';
import { createManualClock } from '@millrace/core/testing';
import { createMessageResources, startLocalAws } from '@millrace/core/testing/aws';
import { createLambdaHandler } from '../src/lambda-handler.ts';
import { BILLING_ROLE, BILLING_SESSION, type Sent, signedEventOf } from './support/events.ts';
import { messageJson } from './support/messages.ts';

const PARAMETER = '/dev/callers';
const OPERATOR_SESSION = 'arn:aws:sts::123456789012:assumed-role/operator/ann';
const OPERATOR_ROLE = 'arn:aws:iam::123456789012:role/operator';
const CALLERS = JSON.stringify({ [BILLING_ROLE]: ['billing'], [OPERATOR_ROLE]: ['*'] });

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const SECRETS = { backend: 'ssm', prefix: '/dev/secrets' } as const;

/** The function on emulated services of AWS; `callers` is the text of its parameter. */
async function startOnAws(callers?: string) {
  const clock = createManualClock();
  const aws = await startLocalAws({ clock: clock.now });
  const clients = createAwsClients(aws.config);
  closers.push(
    () => aws.close(),
    () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  );
  const resources = await createMessageResources(clients, { prefix: 'test' });
  const setCallers = (text: string) =>
    aws.call(
      { service: 'ssm', action: 'PutParameter' },
      { Name: PARAMETER, Value: text, Type: 'SecureString', Overwrite: true },
    );
  if (callers !== undefined) await setCallers(callers);
  const errors: unknown[] = [];
  const handler = createLambdaHandler({
    ...createAwsStores(resources, SECRETS, { clients, clock }),
    parameters: createSsmParameterStore(clients.ssm),
    clock,
    config: { allowHttp: false, corsOrigins: [], callersParameter: PARAMETER, openFrontDoor: false },
    onError: (error) => errors.push(error),
  });
  const answer = async (sent: Sent, userArn = BILLING_SESSION) => {
    const { statusCode, body } = await handler(signedEventOf('function URL', sent, userArn));
    return { status: statusCode, json: JSON.parse(body), text: body };
  };
  return { aws, clock, answer, setCallers, errors };
}

const post = (path: string, body: unknown): Sent => ({
  method: 'POST',
  path,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify(body),
});
const get = (path: string, query = ''): Sent => ({ method: 'GET', path, query });

describe('on AWS', () => {
  test('a message is accepted once, and found by its sender', async () => {
    const { answer } = await startOnAws(CALLERS);
    expect(await answer(post('/message', messageJson()))).toMatchObject({ status: 202 });
    expect(await answer(post('/message', messageJson()))).toMatchObject({ status: 200, json: { duplicate: true } });
    expect(await answer(get('/messages/order-42'))).toMatchObject({
      status: 200,
      json: { messages: [{ senderId: 'billing', status: 'QUEUED' }] },
    });
    expect(await answer(get('/health/ready'))).toMatchObject({ status: 200 });
  });

  test('what the store cannot look for is refused with the field that is wrong or missing', async () => {
    const { answer } = await startOnAws(CALLERS);
    const refused = (path: string) => ({ status: 400, json: { type: 'invalid', problems: [{ path }] } });
    expect(await answer(get('/messages/order-42'), OPERATOR_SESSION)).toMatchObject(refused('?senderId'));
    expect(await answer(get('/messages'))).toMatchObject(refused('?status'));
    expect(await answer(get('/messages', 'status=QUEUED'))).toMatchObject(refused('?status'));
    expect(await answer(get('/messages', 'status=FAILED'))).toMatchObject({ status: 200, json: { messages: [] } });
  });

  test('a queue that takes nothing makes a message unavailable, and its repeat is accepted', async () => {
    const { answer, aws, errors } = await startOnAws(CALLERS);
    const fault = aws.fault({
      service: 'sqs',
      action: 'SendMessageBatch',
      fault: { kind: 'fail-entries', entries: [0], code: 'InternalError' },
    });
    expect(await answer(post('/message', messageJson()))).toMatchObject({ status: 503, json: { type: 'unavailable' } });
    fault.remove();
    expect([200, 202]).toContain((await answer(post('/message', messageJson()))).status);
    expect(errors).toEqual([]);
  });
});

describe('the callers in SSM', () => {
  test('are read once a minute, and a new map is in force after it', async () => {
    const { answer, aws, clock, setCallers } = await startOnAws(CALLERS);
    const send = () => answer(post('/message', messageJson()));
    expect([(await send()).status, (await send()).status]).toEqual([202, 200]);
    expect(aws.calls().get('ssm.GetParameter')?.calls).toBe(1);
    await setCallers('{}');
    clock.advance(59_999);
    expect((await send()).status).toBe(200);
    clock.advance(1);
    expect((await send()).status).toBe(403);
  });

  test('let nobody in when there is no such parameter, or it may not be read', async () => {
    const { answer, aws, errors } = await startOnAws();
    expect(await answer(post('/message', messageJson()))).toMatchObject({ status: 500 });
    expect(errors.at(-1)).toMatchObject({ problems: ['/dev/callers: there is no such parameter'] });

    aws.fault({ service: 'ssm', fault: { kind: 'error', code: 'AccessDeniedException', status: 400 } });
    const denied = await answer(post('/message', messageJson()));
    expect(denied).toMatchObject({ status: 500 });
    expect(denied.text).not.toContain('ssm');
    expect(errors.at(-1)).toBeInstanceOf(AwsAccessError);
    expect(String(errors.at(-1))).toContain('ssm:GetParameter on parameter /dev/callers: AccessDeniedException');
    expect(await answer(get('/health/ready'))).toMatchObject({ status: 503, json: { parts: [{ part: 'callers' }] } });
  });
});

import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import { describe, expect, test } from '@jest/globals';
import { useLocalAws } from './support/local-aws.ts';

const fixture = useLocalAws('directConfig');

const put = (Name: string, Value: string, options: { Type?: 'SecureString' | 'String'; Overwrite?: boolean } = {}) =>
  fixture().ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', ...options }));

const get = (Name: string, WithDecryption = false) =>
  fixture().ssm.send(new GetParameterCommand({ Name, WithDecryption }));

describe('the SSM server', () => {
  test('keeps parameters with their version and time', async () => {
    const { clock } = fixture();
    await put('/app/a', 'one');
    clock.advance(1_000);
    expect(await put('/app/a', 'two', { Overwrite: true })).toMatchObject({ Version: 2 });
    expect((await get('/app/a')).Parameter).toEqual({
      Name: '/app/a',
      Type: 'String',
      Value: 'two',
      Version: 2,
      LastModifiedDate: new Date(clock.now()),
      ARN: expect.stringContaining(':parameter/app/a'),
      DataType: 'text',
    });
  });

  test('overwrites a parameter only when it is told to', async () => {
    await put('/a', 'one');
    await expect(put('/a', 'two')).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    expect((await get('/a')).Parameter?.Value).toBe('one');
  });

  test('shows a secret only to those who ask for decryption', async () => {
    await put('/secret', 'hidden', { Type: 'SecureString' });
    expect((await get('/secret')).Parameter?.Value).not.toContain('hidden');
    expect((await get('/secret', true)).Parameter?.Value).toBe('hidden');
  });

  test('says which parameters are not there', async () => {
    await put('/a', 'one');
    await expect(get('/b')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    const answer = await fixture().ssm.send(new GetParametersCommand({ Names: ['/a', '/b'] }));
    expect(answer).toMatchObject({ Parameters: [{ Value: 'one' }], InvalidParameters: ['/b'] });
  });

  test('refuses a value that is too long for a standard parameter', async () => {
    await put('/a', 'x'.repeat(4_096));
    await expect(put('/b', 'x'.repeat(4_097))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('lists a path page by page, with or without what lies deeper', async () => {
    const { ssm } = fixture();
    for (const name of ['/app/b', '/app/a', '/app/deep/c', '/application/d']) await put(name, 'x');
    const list = async (options: { Recursive?: boolean; MaxResults?: number; NextToken?: string }) => {
      const answer = await ssm.send(new GetParametersByPathCommand({ Path: '/app', ...options }));
      return { names: answer.Parameters?.map(({ Name }) => Name), next: answer.NextToken };
    };
    expect(await list({})).toEqual({ names: ['/app/a', '/app/b'], next: undefined });
    const first = await list({ Recursive: true, MaxResults: 2 });
    expect(first.names).toEqual(['/app/a', '/app/b']);
    expect(await list({ Recursive: true, NextToken: first.next ?? '' })).toEqual({
      names: ['/app/deep/c'],
      next: undefined,
    });
  });
});

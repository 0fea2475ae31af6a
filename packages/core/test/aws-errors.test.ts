import { describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '@millrace/core';
import { AwsAccessError, AwsResourceError, toAwsError } from '@millrace/core/aws';

const CALL = { action: 'dynamodb:PutItem', resource: 'table messages' };

function sdkError(name: string, fields: object = {}): Error {
  return Object.assign(new Error('the words of AWS'), { name, ...fields });
}

describe('an error of AWS', () => {
  test.each([
    'AccessDeniedException',
    'ExpiredTokenException',
    'CredentialsProviderError',
    'UnrecognizedClientException',
  ])('%s is a missing permission, and names action and resource', (name) => {
    const error = toAwsError(sdkError(name), CALL);
    expect(error).toBeInstanceOf(AwsAccessError);
    expect(error).toMatchObject({
      message: `dynamodb:PutItem on table messages: ${name}: the words of AWS`,
      retryable: false,
      cause: expect.objectContaining({ name }),
    });
  });

  test.each(['ResourceNotFoundException', 'QueueDoesNotExist', 'NoSuchBucket'])('%s is a missing resource', (name) => {
    expect(toAwsError(sdkError(name), CALL)).toBeInstanceOf(AwsResourceError);
  });

  test.each<[string, object]>([
    ['ProvisionedThroughputExceededException', {}],
    ['RequestThrottled', {}],
    ['SlowDown', {}],
    ['TimeoutError', {}],
    ['Error', { code: 'ECONNRESET' }],
    ['Error', { code: 'ENOTFOUND' }],
    ['Unheard', { $metadata: { httpStatusCode: 503 } }],
    ['Unheard', { $metadata: { httpStatusCode: 429 } }],
  ])('%s %o may be over soon', (name, fields) => {
    expect(toAwsError(sdkError(name, fields), CALL)).toBeInstanceOf(StoreUnavailableError);
  });

  test.each<[string, object]>([
    ['ValidationException', { $metadata: { httpStatusCode: 400 } }],
    ['TypeError', {}],
  ])('%s is a defect, and stays what it is', (name, fields) => {
    const error = sdkError(name, fields);
    expect(toAwsError(error, CALL)).toBe(error);
  });
});

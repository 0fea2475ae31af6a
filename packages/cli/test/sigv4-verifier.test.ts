import { describe, expect, test } from '@jest/globals';
import { type SignedRequest, type VerifierOptions, verifySignature } from './support/sigv4-verifier.ts';

const SECRET = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const TIME = '20150830T123600Z';

function authorization(service: string, names: string, signature: string): string {
  const scope = `AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${signature}`;
}

/** The example of the documentation of AWS: a request to IAM. */
const LIST_USERS = {
  method: 'GET',
  target: '/?Action=ListUsers&Version=2010-05-08',
  headers: {
    host: 'iam.amazonaws.com',
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'x-amz-date': TIME,
    authorization: authorization(
      'iam',
      'content-type;host;x-amz-date',
      '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    ),
  },
  body: Buffer.alloc(0),
} satisfies SignedRequest;

/** Of the test suite that AWS published: `get-vanilla-query-order-key-case`. */
const QUERY_ORDER = {
  method: 'GET',
  target: '/?Param2=value2&Param1=value1',
  headers: {
    host: 'example.amazonaws.com',
    'x-amz-date': TIME,
    authorization: authorization(
      'service',
      'host;x-amz-date',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ),
  },
  body: Buffer.alloc(0),
} satisfies SignedRequest;

function verify(request: SignedRequest, options: Partial<VerifierOptions> = {}) {
  return verifySignature(request, {
    service: 'iam',
    region: 'us-east-1',
    secretOf: (id) => (id === 'AKIDEXAMPLE' ? SECRET : undefined),
    now: () => Date.UTC(2015, 7, 30, 12, 36),
    ...options,
  });
}

describe('the verifier of signatures', () => {
  test('takes the example of the documentation', () => {
    expect(verify(LIST_USERS)).toEqual({ ok: true, accessKeyId: 'AKIDEXAMPLE' });
  });

  test('takes an example of the published test suite, whose query is not in order', () => {
    expect(verify(QUERY_ORDER, { service: 'service' })).toEqual({ ok: true, accessKeyId: 'AKIDEXAMPLE' });
  });

  test.each<[string, Partial<SignedRequest>, Partial<VerifierOptions>]>([
    ['another method', { method: 'POST' }, {}],
    ['another path', { target: `/x${LIST_USERS.target.slice(1)}` }, {}],
    ['another query', { target: `${LIST_USERS.target}&x=1` }, {}],
    ['another body', { body: Buffer.from('x') }, {}],
    ['another host', { headers: { ...LIST_USERS.headers, host: 'sts.amazonaws.com' } }, {}],
    ['a header of AWS that is not signed', { headers: { ...LIST_USERS.headers, 'x-amz-meta': '1' } }, {}],
    ['a token that is not of the key', { headers: { ...LIST_USERS.headers, 'x-amz-security-token': 't' } }, {}],
    ['no signature', { headers: { host: 'iam.amazonaws.com' } }, {}],
    ['another secret', {}, { secretOf: () => ({ secretAccessKey: 'other' }) }],
    ['an unknown key', {}, { secretOf: () => undefined }],
    ['another service', {}, { service: 'sts' }],
    ['another region', {}, { region: 'eu-central-1' }],
    ['a signature of six minutes ago', {}, { now: () => Date.UTC(2015, 7, 30, 12, 42) }],
    ['a signature of the future', {}, { now: () => Date.UTC(2015, 7, 30, 12, 30) }],
  ])('refuses %s', (_what, request, options) => {
    expect(verify({ ...LIST_USERS, ...request }, options)).toMatchObject({ ok: false });
  });
});

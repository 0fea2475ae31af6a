import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSession, principalOf } from '../src/iam-principal.ts';

const ACCOUNT = '123456789012';

describe('principalOf', () => {
  test.each([
    ['a session', `arn:aws:sts::${ACCOUNT}:assumed-role/billing/i-0abc`, `arn:aws:iam::${ACCOUNT}:role/billing`],
    [
      'a session of a person',
      `arn:aws:sts::${ACCOUNT}:assumed-role/AWSReservedSSO_Ops_0f1e/ann@corp.example`,
      `arn:aws:iam::${ACCOUNT}:role/AWSReservedSSO_Ops_0f1e`,
    ],
    ['a session in China', `arn:aws-cn:sts::${ACCOUNT}:assumed-role/a/b`, `arn:aws-cn:iam::${ACCOUNT}:role/a`],
    [
      'a session of GovCloud',
      `arn:aws-us-gov:sts::${ACCOUNT}:assumed-role/a/b`,
      `arn:aws-us-gov:iam::${ACCOUNT}:role/a`,
    ],
    ['a role', `arn:aws:iam::${ACCOUNT}:role/billing`, `arn:aws:iam::${ACCOUNT}:role/billing`],
    ['a role with a path', `arn:aws:iam::${ACCOUNT}:role/team/eu/billing`, `arn:aws:iam::${ACCOUNT}:role/billing`],
    ['a user', `arn:aws:iam::${ACCOUNT}:user/ann`, `arn:aws:iam::${ACCOUNT}:user/ann`],
    ['a user with a path', `arn:aws:iam::${ACCOUNT}:user/eu/ann`, `arn:aws:iam::${ACCOUNT}:user/eu/ann`],
    ['a federated user', `arn:aws:sts::${ACCOUNT}:federated-user/ann`, `arn:aws:sts::${ACCOUNT}:federated-user/ann`],
    ['the account itself', `arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${ACCOUNT}:root`],
  ])('brings the ARN of %s to one form', (_, arn, principal) => {
    expect(principalOf(arn)).toBe(principal);
  });

  test.each([
    '',
    '*',
    'billing',
    'arn:aws:iam::123456789012:role/',
    'arn:aws:iam::12345678901:role/billing',
    'arn:aws:iam::*:role/billing',
    'arn:aws:iam::123456789012:group/staff',
    'arn:aws:sts::123456789012:assumed-role/billing',
    'arn:aws:s3:::bucket',
    ' arn:aws:iam::123456789012:role/billing',
    'arn:aws:iam::123456789012:role/billing\n',
  ])('knows no principal in %j', (arn) => {
    expect(principalOf(arn)).toBeUndefined();
  });

  test('gives sessions one principal exactly when account and role are the same', () => {
    const name = fc.stringMatching(/^[\w+=,.@-]{1,64}$/);
    const account = fc.constantFrom('111111111111', '222222222222');
    const session = fc.record({ account, role: fc.oneof(name, fc.constantFrom('a', 'A')), session: name });
    const arn = (s: { account: string; role: string; session: string }) =>
      `arn:aws:sts::${s.account}:assumed-role/${s.role}/${s.session}`;
    fc.assert(
      fc.property(session, session, name, (one, other, another) => {
        const isSame = one.account === other.account && one.role === other.role;
        expect(principalOf(arn(one)) === principalOf(arn(other))).toBe(isSame);
        expect(principalOf(arn({ ...one, session: another }))).toBe(principalOf(arn(one)));
        expect(isSession(arn(one))).toBe(true);
        expect(isSession(principalOf(arn(one)) ?? '')).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

/** The account that credentials belong to, for errors. */

import type { SSMClient } from '@aws-sdk/client-ssm';

interface AccountQuestion {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: SSMClient['config']['credentials'];
}

const TIMEOUT_MS = 3_000;

/** Twelve digits. Undefined when AWS does not say: never a reason to fail. */
export async function accountOf({ region, endpoint, credentials }: AccountQuestion): Promise<string | undefined> {
  try {
    const { accountId } = await credentials();
    if (accountId !== undefined) return accountId;
    const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
    const sts = new STSClient({
      ...{ region, credentials, maxAttempts: 1 },
      ...(endpoint === undefined ? {} : { endpoint }),
      requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
    });
    const { Account } = await sts.send(new GetCallerIdentityCommand()).finally(() => sts.destroy());
    return Account;
  } catch {
    return undefined;
  }
}

import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

export interface FunctionOptions {
  readonly functionName: string;
  readonly region: string;
  readonly accountId: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly clock: () => number;
}

/** What Lambda tells a function about its invocation. */
export function createContext({ functionName, region, accountId, deadline, clock }: FunctionOptions): Context {
  const noCallbacks = (): never => {
    throw new Error('functions answer by their promise');
  };
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - clock()),
    done: noCallbacks,
    fail: noCallbacks,
    succeed: noCallbacks,
  };
}

import type { S3ClientConfig } from '@aws-sdk/client-s3';

const CLIENT_ERROR = 'CLIENT_ERROR';

/** Retries what the SDK's own strategy would, without its waits. */
export function retryAtOnce(maxAttempts: number): NonNullable<S3ClientConfig['retryStrategy']> {
  const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  return {
    mode: 'at once',
    acquireInitialRetryToken: () => Promise.resolve(token(0)),
    refreshRetryTokenForRetry: (last: { getRetryCount(): number }, { errorType }: { errorType: string }) => {
      const count = last.getRetryCount() + 1;
      const isOver = count >= maxAttempts || errorType === CLIENT_ERROR;
      return isOver ? Promise.reject(new Error('no more tries')) : Promise.resolve(token(count));
    },
    recordSuccess: () => undefined,
  };
}

/** Receipt handles: opaque to clients; each names one receive of one message of one queue. */

export interface Receipt {
  readonly number: number;
  readonly receipt: number;
}

export function createHandles(queueArn: string) {
  return {
    of: ({ number, receipt }: Receipt): string => Buffer.from(`${queueArn} ${number} ${receipt}`).toString('base64'),

    /** Undefined for what is no handle of this queue. */
    read(handle: string): Receipt | undefined {
      const [arn, number, receipt, ...rest] = Buffer.from(handle, 'base64').toString('utf8').split(' ');
      if (arn !== queueArn || rest.length > 0) return undefined;
      const named = { number: Number(number), receipt: Number(receipt) };
      return Number.isInteger(named.number) && Number.isInteger(named.receipt) ? named : undefined;
    },
  };
}

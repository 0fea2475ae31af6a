/** List prices of AWS: us-east-1, arm64, first tier, without any free tier, as of November 2026. */

export interface Price {
  readonly usd: number;
  /** How many units that buys. */
  readonly per: number;
  readonly unit: string;
  readonly source: string;
}

const MILLION = 1_000_000;

export const PRICES = {
  httpApi: { usd: 1, per: MILLION, unit: 'requests, each 512 KB begun', source: 'apigatewaycost.com/aws' },
  lambdaRequest: { usd: 0.2, per: MILLION, unit: 'invocations', source: 'cloudchipr.com/blog/aws-lambda-pricing' },
  lambdaTime: {
    usd: 0.000_013_333_4,
    per: 1,
    unit: 'GB-seconds, arm64',
    source: 'cloudchipr.com/blog/aws-lambda-pricing',
  },
  dynamodbWrite: {
    usd: 0.625,
    per: MILLION,
    unit: 'write units on demand',
    source: 'airbyte.com/data-engineering-resources/dynamodb-pricing',
  },
  dynamodbRead: {
    usd: 0.125,
    per: MILLION,
    unit: 'read units on demand',
    source: 'airbyte.com/data-engineering-resources/dynamodb-pricing',
  },
  sqs: { usd: 0.4, per: MILLION, unit: 'requests, each 64 KB begun', source: 'cloudburn.io/blog/amazon-sqs-pricing' },
  sqsFair: {
    usd: 0.1,
    per: MILLION,
    unit: 'requests with a message group, on top',
    source: 'cloudburn.io/blog/amazon-sqs-pricing',
  },
  s3Put: { usd: 5, per: MILLION, unit: 'PUT requests', source: 'c3x.dev/blog/s3-request-fees-explained' },
  s3Get: { usd: 0.4, per: MILLION, unit: 'GET requests', source: 'c3x.dev/blog/s3-request-fees-explained' },
  logs: { usd: 0.5, per: 1e9, unit: 'bytes of logs', source: 'duckbillgroup.com/?p=9080' },
  egress: { usd: 0.09, per: 1e9, unit: 'bytes to the internet', source: 'aws.amazon.com/ec2/pricing/on-demand' },
  dynamodbStorage: {
    usd: 0.25 + 0.2,
    per: 1e9,
    unit: 'bytes for a month, with point-in-time recovery',
    source: 'aws.amazon.com/dynamodb/pricing/on-demand',
  },
} as const satisfies Record<string, Price>;

export type Billed = keyof typeof PRICES;

/** Dollars. */
export function costOf(billed: Billed, units: number): number {
  const { usd, per } = PRICES[billed];
  return (usd * units) / per;
}

/**
 * Events as Lambda gets them for HTTP requests, in payload format 2.0: after the examples of the AWS documentation
 * (HTTP APIs: "Create AWS Lambda proxy integrations", function URLs: "Request and response payloads").
 */

import { isUtf8 } from 'node:buffer';
import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithIAMAuthorizer } from 'aws-lambda';

/** A request as a client writes it. */
export interface Sent {
  readonly method: string;
  /** Encoded. */
  readonly path: string;
  /** Encoded, without its question mark. */
  readonly query?: string;
  /** Names can be repeated; cookies are among them. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array | string;
}

export type FrontDoor = 'function URL' | 'HTTP API';

const DOMAINS: Readonly<Record<FrontDoor, string>> = {
  'function URL': 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws',
  'HTTP API': 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
};

export const BILLING_SESSION = 'arn:aws:sts::123456789012:assumed-role/billing/i-0abc';
export const BILLING_ROLE = 'arn:aws:iam::123456789012:role/billing';

/** The event of a request that nobody was asked to sign. */
export function eventOf(frontDoor: FrontDoor, sent: Sent): APIGatewayProxyEventV2 {
  const { method, path, query = '' } = sent;
  const domainName = DOMAINS[frontDoor];
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: frontDoor === 'HTTP API' ? twiceDecoded(path) : path,
    rawQueryString: query,
    ...headersOf(frontDoor, sent),
    queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
    requestContext: {
      accountId: '123456789012',
      apiId: domainName.split('.')[0] ?? '',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method,
        path: frontDoor === 'HTTP API' ? twiceDecoded(path) : decoded(path),
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'agent',
      },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage: '$default',
      time: '22/Nov/2026:10:00:00 +0000',
      timeEpoch: 1_795_341_600_000,
    },
    ...bodyOf(sent),
  };
}

/** The event of a signed request. */
export function signedEventOf(
  frontDoor: FrontDoor,
  sent: Sent,
  userArn = BILLING_SESSION,
): APIGatewayProxyEventV2WithIAMAuthorizer {
  const event = eventOf(frontDoor, sent);
  const iam = {
    accessKey: 'ASIAEXAMPLE',
    accountId: '123456789012',
    callerId: 'AROAEXAMPLE:i-0abc',
    cognitoIdentity: null,
    principalOrgId: 'o-example',
    userArn,
    userId: 'AROAEXAMPLE:i-0abc',
  };
  return { ...event, requestContext: { ...event.requestContext, authorizer: { iam } } };
}

/** A function URL keeps the header beside the list. */
function headersOf(frontDoor: FrontDoor, { headers = [] }: Sent) {
  const cookies = headers.flatMap(([name, value]) => (name.toLowerCase() === 'cookie' ? value.split('; ') : []));
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (key === 'cookie' && frontDoor === 'HTTP API') continue;
    joined[key] = key in joined ? `${joined[key]},${value}` : value;
  }
  return { headers: joined, ...(cookies.length > 0 && { cookies }) };
}

/** Bodies that are not said to be text are passed on in base64, and so must be those that are not. */
function bodyOf({ headers = [], body }: Sent): { body?: string; isBase64Encoded: boolean } {
  if (body === undefined || body.length === 0) return { isBase64Encoded: false };
  const bytes = Buffer.from(body);
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const isText = /^(text[/]|application[/](json|xml|javascript))/.test(type) && isUtf8(bytes);
  return { body: bytes.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What API Gateway does to a path: decode it, cut it at a question mark, and decode it again. */
function twiceDecoded(path: string): string {
  return decodeURIComponent(decodeURIComponent(path).split('?')[0] ?? '');
}

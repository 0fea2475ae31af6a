import { createHmac, hash } from 'node:crypto';
import { request } from 'node:http';
import type { S3Server } from '@millrace/core/testing/aws';

export interface RawRequest {
  readonly method?: string;
  /** As it goes over the wire: escaped, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends exactly this, unsigned. */
export function send(server: S3Server, { method = 'GET', path, headers = {}, body }: RawRequest): Promise<RawResponse> {
  const url = new URL(server.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: url.hostname, port: url.port, method, path, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The code of an XML error. */
export function codeOf({ body }: RawResponse): string | undefined {
  return /<Code>(.*)<\/Code>/.exec(body)?.[1];
}

export interface Presigned {
  readonly method: string;
  /** `/bucket/key`, escaped. */
  readonly path: string;
  readonly expires: number;
  /** Epoch milliseconds. */
  readonly signedAt: number;
  /** That the URL is only good with. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A presigned path, made after the specification and not with the server's own code. */
export function presign(server: S3Server, { method, path, expires, signedAt, headers = {} }: Presigned): string {
  const { accessKeyId, secretAccessKey } = server.credentials;
  const date = new Date(signedAt).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/${server.region}/s3/aws4_request`;
  const signed = Object.entries({ ...headers, host: new URL(server.url).host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(';');
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${date}`,
    `X-Amz-Expires=${expires}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names)}`,
  ].join('&');
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = [method, path, query, lines, names, 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, hash('sha256', canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [...scope.split('/'), text]) key = createHmac('sha256', key).update(part).digest();
  return `${path}?${query}&X-Amz-Signature=${key.toString('hex')}`;
}

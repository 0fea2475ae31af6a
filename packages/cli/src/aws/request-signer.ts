/** Signatures of AWS (version 4) for the requests to the API. */

import { hash } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { OutgoingRequest } from '../access.ts';
import type { SigningScope } from './api-host.ts';

type SignerOptions = ConstructorParameters<typeof SignatureV4>[0];

export interface RequestSignerOptions extends SigningScope {
  /** Asked for every request: it keeps what it has until that ends. */
  readonly credentials: SignerOptions['credentials'];
  readonly sha256: SignerOptions['sha256'];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Gives the headers of a signed request. A signature is good for five minutes. It throws what `credentials` throws. */
export type RequestSigner = (request: OutgoingRequest) => Promise<Readonly<Record<string, string>>>;

export function createRequestSigner({ now, ...options }: RequestSignerOptions): RequestSigner {
  const signer = new SignatureV4(options);
  let url = new URL('http://none');
  return async ({ method, origin, path, contentType, body }) => {
    // The same for all requests of a client.
    if (url.origin !== origin) url = new URL(origin);
    const { host, hostname, protocol } = url;
    const [pathname = '', query = ''] = path.split('?', 2);
    const request = {
      ...{ method, protocol, hostname, path: pathname, query: readQuery(query), body },
      // No others: what stands on the way may change them.
      headers: {
        host,
        // In one call of OpenSSL; the signer would take several, and copies.
        'x-amz-content-sha256': hash('sha256', body ?? '', 'hex'),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
    };
    const signed = await signer.sign(request, { signingDate: new Date(now()) });
    return signed.headers;
  };
}

/** Decoded, because it is encoded once more for the signature; repeated names keep their values. */
function readQuery(text: string): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  for (const part of text === '' ? [] : text.split('&')) {
    const [name = '', value = ''] = part.split('=', 2).map(decodeURIComponent);
    query[name] = [...(query[name] ?? []), value];
  }
  return query;
}

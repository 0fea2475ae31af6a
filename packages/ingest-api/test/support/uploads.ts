import { hash } from 'node:crypto';
import type { Api } from './api.ts';

export interface Ticket {
  readonly payloadId: string;
  readonly uploadUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

/** The body of `POST /payloads` for some bytes. */
export function payloadJson(bytes: Uint8Array, senderId = 'billing') {
  return { senderId, sha256: hash('sha256', bytes, 'hex'), size: bytes.length };
}

export async function beginUpload({ client }: Pick<Api, 'client'>, bytes: Uint8Array, senderId?: string) {
  const { status, json } = await client.post('/payloads', payloadJson(bytes, senderId));
  if (status !== 201) throw new Error(`no upload: ${status} ${JSON.stringify(json)}`);
  return json as Ticket;
}

export function pathOf({ uploadUrl }: Ticket): string {
  const { pathname, search } = new URL(uploadUrl);
  return pathname + search;
}

/** Uploads some bytes, and returns their payloadId. */
export async function upload(api: Pick<Api, 'client'>, bytes: Uint8Array, senderId?: string): Promise<string> {
  const ticket = await beginUpload(api, bytes, senderId);
  const { status } = await api.client.request('PUT', pathOf(ticket), { headers: ticket.headers, body: bytes });
  if (status !== 200) throw new Error(`not taken: ${status}`);
  return ticket.payloadId;
}

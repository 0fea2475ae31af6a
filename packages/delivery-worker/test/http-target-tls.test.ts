import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AttemptOutcome } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';
import { makeSelfSignedCertificate } from './support/certificate.ts';
import { startRawServer, startTlsServer } from './support/raw-server.ts';
import { closeAfterEach } from './support/resources.ts';
import { LONG_MS, makeTarget } from './support/target.ts';

const opened = closeAfterEach();

const certificate = makeSelfSignedCertificate('partner.test');
const trusted = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...trusted, certificate.cert]));
afterAll(() => setDefaultCACertificates(trusted));

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Every name is on this machine. */
const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

/** A server for `partner.test`. */
async function setUp(): Promise<{ send: (host: string) => Promise<AttemptOutcome>; askedFor: unknown[] }> {
  const askedFor: unknown[] = [];
  const server = opened(
    await startTlsServer(certificate, (socket) => {
      askedFor.push(socket instanceof TLSSocket && socket.servername);
      socket.on('data', () => socket.write(OK));
    }),
  );
  const target = opened(makeTarget({ resolve, connections: 1 }));
  const port = server.host.split(':')[1];
  return { askedFor, send: (host) => target.send(anEntry({ targetUrl: `https://${host}:${port}/` }), LONG_MS) };
}

describe('a target of https that is connected to by a checked address', () => {
  test('is asked for by its name, and its certificate is one for that name', async () => {
    const { send, askedFor } = await setUp();
    expect(await send('partner.test')).toEqual({ kind: 'response', statusCode: 200, excerpt: 'ok' });
    expect(askedFor).toEqual(['partner.test']);
  });

  test('keeps its connection for the next message', async () => {
    const { send, askedFor } = await setUp();
    for (let sent = 0; sent < 3; sent++) expect(await send('partner.test')).toMatchObject({ statusCode: 200 });
    expect(askedFor).toHaveLength(1);
  });

  test('is a timeout when its name was known in time, and the handshake does not end', async () => {
    const server = opened(await startRawServer(() => {}));
    const target = opened(makeTarget({ resolve, connectTimeoutMs: 50 }));
    const targetUrl = `https://partner.test:${server.host.split(':')[1]}/`;
    expect(await target.send(anEntry({ targetUrl }), LONG_MS)).toMatchObject({ kind: 'timeout' });
  });

  test.each(['other.test', 'sub.partner.test', '127.0.0.1'])(
    'is a TLS failure as %s, for which it has no certificate',
    async (host) => {
      const { send } = await setUp();
      expect(await send(host)).toEqual({
        kind: 'tls',
        detail: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
      });
    },
  );
});

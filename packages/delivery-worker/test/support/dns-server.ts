/** A name server that may lie as it likes, and Node's own resolver that asks it. */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, isIPv4, type Server, type Socket } from 'node:net';
import type { Resolve } from '../../src/guarded-connector.ts';
import { type DnsRecord, type Query, type Question, readQuery, writeAnswer, writeTruncated } from './dns-message.ts';

/** What a name stands for: addresses of both families, behind names that lead to each other; or what goes wrong. */
export type Answer =
  | { readonly addresses: readonly string[]; readonly aliases?: readonly string[] }
  | 'NXDOMAIN'
  | 'SERVFAIL'
  | 'REFUSED'
  | 'silence';

export interface DnsServer {
  /** In the order of their arrival. */
  readonly questions: readonly Question[];
  /** Asks this server alone, for both families at once. */
  readonly resolve: Resolve;
  close(): Promise<void>;
}

/** Bytes of an answer in one datagram; longer ones are fetched over TCP. */
const DATAGRAM_BYTES = 512;

/**
 * @param answer to each question; `nth` counts those for the same name and family, from 1
 * @param patienceMs after which the resolver takes silence for an answer
 */
export async function startDnsServer(
  answer: (name: string, nth: number) => Answer,
  patienceMs: number,
): Promise<DnsServer> {
  const questions: Question[] = [];
  const long = new Map<string, Buffer>();
  const reply = (query: Query): Buffer | undefined => {
    const { name, type } = query.question;
    questions.push(query.question);
    const nth = questions.filter((question) => question.name === name && question.type === type).length;
    const given = answer(name, nth);
    if (given === 'silence') return undefined;
    if (typeof given === 'string') return writeAnswer(query, given, []);
    return writeAnswer(query, 'NOERROR', recordsOf(query.question, given));
  };

  const { udp, tcp } = await bindBoth();
  udp.on('message', (message, { port, address }) => {
    const query = readQuery(message);
    const whole = reply(query);
    if (whole === undefined) return;
    const isLong = whole.length > DATAGRAM_BYTES;
    if (isLong) long.set(keyOf(query), whole);
    udp.send(isLong ? writeTruncated(query) : whole, port, address);
  });
  const sockets = new Set<Socket>();
  tcp.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    socket.on('data', (chunk) => {
      for (const message of messagesOf(chunk)) {
        const query = readQuery(message);
        const whole = Buffer.from(long.get(keyOf(query)) ?? writeAnswer(query, 'SERVFAIL', []));
        whole.writeUInt16BE(query.id);
        socket.write(Buffer.concat([lengthOf(whole), whole]));
      }
    });
  });

  const resolver = new Resolver({ timeout: patienceMs, tries: 1 });
  resolver.setServers([`127.0.0.1:${udp.address().port}`]);
  return {
    questions,
    resolve: (hostname) => resolveBoth(resolver, hostname),
    async close() {
      resolver.cancel();
      for (const socket of sockets) socket.destroy();
      tcp.close();
      udp.close();
      await Promise.all([once(tcp, 'close'), once(udp, 'close')]);
    },
  };
}

function keyOf({ question: { name, type } }: Query): string {
  return `${name} ${type}`;
}

/** Over TCP each message stands behind its length. Questions are so short that none comes in two pieces. */
function* messagesOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += 2 + chunk.readUInt16BE(at)) {
    yield chunk.subarray(at + 2, at + 2 + chunk.readUInt16BE(at));
  }
}

function lengthOf(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return length;
}

/** The names that lead from the one that was asked for to the last, and the addresses of that. */
function recordsOf({ name, type }: Question, answer: Extract<Answer, object>): readonly DnsRecord[] {
  const { addresses, aliases = [] } = answer;
  const names = [name, ...aliases];
  const steps = aliases.map((alias, index): DnsRecord => ({ name: names[index] ?? name, alias }));
  const last = names.at(-1) ?? name;
  const ofFamily = addresses.filter((address) => isIPv4(address) === (type === 'A'));
  return [...steps, ...ofFamily.map((address): DnsRecord => ({ name: last, address }))];
}

/** As a system's resolver does: a family without addresses does not matter as long as the other has some. */
async function resolveBoth(resolver: Resolver, hostname: string): Promise<readonly LookupAddress[]> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  const list = (result: PromiseSettledResult<string[]>, family: 4 | 6): readonly LookupAddress[] =>
    result.status === 'fulfilled' ? result.value.map((address) => ({ address, family })) : [];
  return [...list(v4, 4), ...list(v6, 6)];
}

/** UDP and TCP on one free port: the system finds one that is free for UDP, and it may not be for TCP. */
async function bindBoth(): Promise<{ readonly udp: UdpSocket; readonly tcp: Server }> {
  for (;;) {
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const tcp = createServer().listen(udp.address().port, '127.0.0.1');
    try {
      await once(tcp, 'listening');
      return { udp, tcp };
    } catch {
      udp.close();
    }
  }
}

/** Messages of DNS (RFC 1035), as far as a server of test answers needs them. */

export interface Question {
  /** In lower case, without a dot at the end. */
  readonly name: string;
  readonly type: 'A' | 'AAAA';
}

export interface Query {
  readonly id: number;
  readonly question: Question;
}

export type DnsRecord =
  | { readonly name: string; readonly alias: string }
  /** IPv4 in dots, or IPv6 in groups. */
  | { readonly name: string; readonly address: string };

export const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;
const HEADER_BYTES = 12;
/** An answer; asked for and given by a server that asks others for its client. */
const ANSWER_FLAGS = 0x8180;
const TRUNCATED = 0x0200;

/** @throws Error when it asks for neither IPv4 nor IPv6 addresses */
export function readQuery(message: Buffer): Query {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = message.readUInt16BE(at + 1);
  if (type !== TYPES.A && type !== TYPES.AAAA) throw new Error(`a question of type ${type}`);
  const name = labels.join('.').toLowerCase();
  return { id: message.readUInt16BE(0), question: { name, type: type === TYPES.A ? 'A' : 'AAAA' } };
}

export function writeAnswer(query: Query, code: keyof typeof CODES, records: readonly DnsRecord[]): Buffer {
  return Buffer.concat([
    writeHeader(query.id, ANSWER_FLAGS | CODES[code], records.length),
    writeQuestion(query.question),
    ...records.map(writeRecord),
  ]);
}

/** Says that the answer is too long for a datagram. */
export function writeTruncated({ id, question }: Query): Buffer {
  return Buffer.concat([writeHeader(id, ANSWER_FLAGS | TRUNCATED, 0), writeQuestion(question)]);
}

function writeHeader(id: number, flags: number, answers: number): Buffer {
  return words(id, flags, 1, answers, 0, 0);
}

function writeQuestion({ name, type }: Question): Buffer {
  return Buffer.concat([writeName(name), words(TYPES[type], 1)]);
}

/** May be used at once only: it lives for 0 seconds. */
function writeRecord(record: DnsRecord): Buffer {
  const isAlias = 'alias' in record;
  const data = isAlias ? writeName(record.alias) : writeAddress(record.address);
  const type = isAlias ? TYPES.CNAME : data.length === 4 ? TYPES.A : TYPES.AAAA;
  return Buffer.concat([writeName(record.name), words(type, 1, 0, 0, data.length), data]);
}

function writeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function writeAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return words(...[...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16)));
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) buffer.writeUInt16BE(value, index * 2);
  return buffer;
}

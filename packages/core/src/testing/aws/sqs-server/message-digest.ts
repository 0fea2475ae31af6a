/** The MD5 digests by which clients of SQS check what they sent and got. */

import { createHash } from 'node:crypto';

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** Base64, as in JSON. */
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

const STRING_VALUE = Uint8Array.of(1);
const BINARY_VALUE = Uint8Array.of(2);

export function bodyDigest(body: string): string {
  return createHash('md5').update(body, 'utf8').digest('hex');
}

/** Over names in order, each part with its length before it; undefined when there are none. */
export function attributesDigest(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const part = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    part(Buffer.from(name, 'utf8'));
    part(Buffer.from(attribute.DataType, 'utf8'));
    const isBinary = attribute.BinaryValue !== undefined;
    hash.update(isBinary ? BINARY_VALUE : STRING_VALUE);
    part(attributeValue(attribute));
  }
  return hash.digest('hex');
}

export function attributeValue({ BinaryValue, StringValue = '' }: MessageAttribute): Buffer {
  return BinaryValue === undefined ? Buffer.from(StringValue, 'utf8') : Buffer.from(BinaryValue, 'base64');
}

const SIZES: Readonly<Record<string, number>> = { Large: 400_000 };

/** The bytes of a version of an object: each can be told from every other, and from a part of one. */
export function contentOf(key: string, version: number): Buffer {
  const line = `${key} ${version}\n`;
  return Buffer.from(line.repeat(Math.ceil((SIZES[key] ?? 3_000) / line.length)));
}

/** The version of which these are all the bytes; undefined when they are torn. */
export function versionOf(key: string, bytes: Uint8Array): number | undefined {
  const text = Buffer.from(bytes).toString();
  const version = Number(text.slice(key.length + 1, text.indexOf('\n')));
  return contentOf(key, version).equals(bytes) ? version : undefined;
}

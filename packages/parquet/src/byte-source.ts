/** The bytes of one version of a file, wherever they are. */
export interface ByteSource {
  /** Bytes of the whole file. */
  readonly size: number;
  /** `0 ≤ start ≤ end ≤ size`. An error of the storage is thrown as it is. */
  read(start: number, end: number): Promise<Uint8Array>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (start, end) => Promise.resolve(bytes.subarray(start, end)) };
}

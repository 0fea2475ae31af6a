import { parseTraceparent } from '@millrace/core';
import type { MessageReader } from './message-reader.ts';

/** Reads messages of a request with this `traceparent` header; one that is not valid counts as none. */
export function tracedBy(header: string | undefined, read: MessageReader): MessageReader {
  const traceparent = header === undefined ? undefined : parseTraceparent(header);
  if (traceparent === undefined) return read;
  return (value, root) => {
    const reading = read(value, root);
    return 'message' in reading ? { ...reading, message: { ...reading.message, traceparent } } : reading;
  };
}

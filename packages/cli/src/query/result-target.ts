/** Where a result goes: standard output, or a file that is there whole or not at all. */

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '../error-text.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Io } from '../io.ts';

export interface ResultTarget {
  write(chunk: string | Uint8Array): Promise<void>;
  /** A file that whoever cannot write chunks may write, in place of calling `write`. */
  readonly file: string;
  /** The result is whole. */
  finish(): Promise<void>;
  /** Leaves nothing half-written; without effect after `finish`. */
  discard(): Promise<void>;
}

/** @throws ExitError when the file cannot be written */
export async function openResultTarget(io: Io, output: string | undefined, scratch: string): Promise<ResultTarget> {
  return output === undefined ? standardOutput(io, path.join(scratch, 'result')) : await fileTarget(output);
}

function standardOutput(io: Io, file: string): ResultTarget {
  return {
    file,
    write(chunk) {
      io.stdout.write(chunk);
      return Promise.resolve();
    },
    async finish() {
      if (!(await exists(file))) return;
      for await (const chunk of createReadStream(file)) io.stdout.write(chunk as Uint8Array);
    },
    discard: () => Promise.resolve(),
  };
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function fileTarget(output: string): Promise<ResultTarget> {
  const target = path.resolve(output);
  const file = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.partial`);
  let handle: FileHandle | undefined = await writing(output, () => open(file, 'wx'));
  const close = async () => {
    await handle?.close();
    handle = undefined;
  };
  return {
    file,
    async write(chunk) {
      await writing(output, async () => handle?.appendFile(chunk));
    },
    async finish() {
      await close();
      await writing(output, () => rename(file, target));
    },
    async discard() {
      await close();
      await rm(file, { force: true });
    },
  };
}

async function writing<T>(output: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ExitError(EXIT.failed, `cannot write ${output}: ${errorText(error)}`, { cause: error });
  }
}

/** The machine that the numbers are of. */

import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

const FLUSHES = 50;
const PAGE_BYTES = 4_096;

/** One fact a line. @param folder on the disk that the store will use */
export function machineFacts(folder: string): string[] {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return [
    `${model}, ${processors.length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB memory, ${type()} ${release()}`,
    `Node.js ${process.version}, undici ${undiciVersion()}`,
    `fdatasync of ${PAGE_BYTES} bytes: median ${medianFlushMs(folder).toFixed(2)} ms`,
  ];
}

function undiciVersion(): string {
  const manifest = new URL('../../node_modules/undici/package.json', import.meta.url);
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return version;
}

/** What durability costs here. */
function medianFlushMs(folder: string): number {
  const path = join(folder, 'flush-probe');
  const file = openSync(path, 'w');
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const times: number[] = [];
  for (let i = 0; i < FLUSHES; i++) {
    writeSync(file, page);
    const start = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return times.toSorted((a, b) => a - b)[FLUSHES / 2] ?? Number.NaN;
}

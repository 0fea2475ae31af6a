/** What the kernel says of a process and a folder. */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** False where there is no /proc: then these measures cannot be taken. */
export const hasProc = existsSync('/proc/self/stat');

/** USER_HZ: Linux shows 100 on every processor that Node.js supports. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that all threads of a process have used. Resolution: 10 ms. */
export function cpuSeconds(pid: number): number {
  const { utime, stime } = readStat(pid);
  return utime + stime;
}

/** Seconds of CPU that this process, its children that have ended, and those given have used. */
function familySeconds(running: readonly number[]): number {
  const { utime, stime, cutime, cstime } = readStat(process.pid);
  return running.reduce((sum, pid) => sum + cpuSeconds(pid), utime + stime + cutime + cstime);
}

function readStat(pid: number): Record<'utime' | 'stime' | 'cutime' | 'cstime', number> {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces; what follows it is field 3, utime is field 14.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields
    .slice(11)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { utime, stime, cutime, cstime };
}

/** Seconds that all processors together were busy, and were there, since the machine started. */
function machineSeconds(): { readonly busy: number; readonly all: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, all: busy + idle + iowait };
}

/**
 * Starts to watch the machine; the function returned gives the part of it, 0 to 1, that processes other than this one
 * and its children have used since. Undefined where there is no /proc.
 *
 * @param running children that run at the start and at the end
 */
export function watchForeignLoad(running: readonly number[]): () => number | undefined {
  if (!hasProc) return () => undefined;
  const before = { ...machineSeconds(), family: familySeconds(running) };
  return () => {
    const after = { ...machineSeconds(), family: familySeconds(running) };
    const foreign = after.busy - before.busy - (after.family - before.family);
    return Math.max(0, foreign / (after.all - before.all));
  };
}

/** From here on the peak of its memory is counted anew. */
export function forgetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Bytes of memory: resident now, and at the most so far. */
export function memoryBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/**
 * Bytes that this process had resident at the most. Not what getrusage says where it can be helped: that begins with the
 * peak of the process that started this one.
 */
export function ownPeakBytes(): number {
  return hasProc ? memoryBytes(process.pid).peak : process.resourceUsage().maxRSS * 1_024;
}

/** Bytes of all files in a folder. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

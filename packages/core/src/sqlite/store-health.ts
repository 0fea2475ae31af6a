import { statfs } from 'node:fs/promises';
import { errorMessage } from '../errors.ts';
import type { HealthProblem } from '../ports/message-store.ts';
import type { EngineHost } from './engine-host.ts';

/** A disk with less left is a problem. */
const LOW_DISK_BYTES = 8 * 1_024 * 1_024;

/** What keeps the store of a folder from working; empty when nothing does. */
export async function findProblems(
  host: EngineHost,
  folder: string,
  lowDiskBytes = LOW_DISK_BYTES,
): Promise<HealthProblem[]> {
  const problems: HealthProblem[] = [];
  const check = async (part: string, findProblem: () => Promise<string | undefined>): Promise<void> => {
    const detail = await findProblem().catch((error: unknown) => errorMessage(error));
    if (detail !== undefined) problems.push({ part, detail });
  };
  await check('disk', async () => {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return free < lowDiskBytes ? `${Math.floor(free / 1_024)} KiB left in ${folder}` : undefined;
  });
  await check('database', async () => {
    await host.call('probe', undefined);
    await host.call('clearProbe', undefined);
    return undefined;
  });
  return problems;
}

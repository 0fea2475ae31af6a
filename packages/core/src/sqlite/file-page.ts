import type { ObjectInfo, ObjectPage } from '../ports/object-store.ts';
import type { FoundFile } from './file-listing.ts';

/** Files that are looked at together; each may be open for a moment. */
const FILES_AT_ONCE = 16;

/**
 * Looks at files until the page is full and there is one more.
 *
 * @param look undefined when the file has gone meanwhile
 */
export async function readPage(
  files: AsyncGenerator<FoundFile>,
  limit: number,
  look: (file: FoundFile) => Promise<ObjectInfo | undefined>,
): Promise<ObjectPage> {
  const objects: ObjectInfo[] = [];
  while (objects.length <= limit) {
    const group = await takeFrom(files, Math.min(FILES_AT_ONCE, limit + 1 - objects.length));
    if (group.length === 0) return { objects, more: false };
    const looked = await Promise.all(group.map(look));
    objects.push(...looked.filter((info) => info !== undefined));
  }
  return { objects: objects.slice(0, limit), more: true };
}

async function takeFrom<T>(items: AsyncGenerator<T>, count: number): Promise<readonly T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}
